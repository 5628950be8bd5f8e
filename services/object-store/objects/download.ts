/** GET and HEAD of an object. */
import { randomBytes } from 'node:crypto';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import type { Answer, Call, Handler } from '#shared/http/route.ts';
import { bytesOf, read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { httpDate, plain, publicHeaders } from '../requests/answers.ts';
import { authorize } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, isTrue, partsOf, type Way, wayOf } from '../requests/request.ts';
import { conditionOf, isConditional, type Range, rangesOf } from './conditions.ts';
import { resolved } from './segments.ts';
import { objectSource, type Source, wholeOf } from './source.ts';

export const getObject: Handler<ObjectStore> = async (store, call): Promise<Answer> => {
  const way = wayOf(call);
  await authorize(store, call, way);
  const asked = headersIn(call);
  if (call.method === 'GET' && !isConditional(asked) && !isTrue(asked['x-newest']))
    return wholeAtOnce(store, call, way);
  const source = await resolved(store, call, way, await objectSource(store, way, isTrue(asked['x-newest'])));
  return answerFrom(call, asked, source);
};

/** The common case costs one question: the headers come with the bytes. */
async function wholeAtOnce(store: ObjectStore, call: Call, way: Way): Promise<Answer> {
  const reading = { kind: 'object', method: 'GET', path: partsOf(way) } as const;
  const answer = await read(store, reading);
  const length = Number(answer.headers['content-length'] ?? 0);
  const bytes = bytesOf(store, reading, answer, wholeOf(length));
  const source: Source = { headers: answer.headers, length, etag: answer.headers.etag ?? '', open: async () => bytes };
  if ('x-object-manifest' in answer.headers) await bytes.close(); // it stands for others
  const isManifest = 'x-object-manifest' in answer.headers || 'x-static-large-object' in answer.headers;
  if (isManifest) return answerFrom(call, {}, await resolved(store, call, way, source));
  const headers = { ...shown(source), 'content-length': String(length) };
  if (Buffer.isBuffer(answer.body)) return { status: 200, headers, body: answer.body };
  return { status: 200, headers, body: bytes };
}

const shown = ({ headers, etag }: Source): Headers => ({
  ...publicHeaders(headers),
  etag,
  'accept-ranges': 'bytes',
  'last-modified': httpDate(headers['x-timestamp'] ?? ''),
});

async function answerFrom(call: Call, asked: Headers, source: Source): Promise<Answer> {
  const headers = shown(source);
  const status = conditionOf(asked, source.etag, source.headers['x-timestamp'] ?? '');
  if (status === 412) throw refuse(412, undefined, { etag: source.etag });
  if (status === 304)
    return { status, headers: { etag: source.etag, 'last-modified': headers['last-modified'] ?? '' } };
  const ranges = call.method === 'HEAD' || !isSame(asked, source) ? undefined : rangesOf(asked.range, source.length);
  if (ranges?.length === 0)
    throw refuse(416, undefined, { 'content-range': `bytes */${source.length}`, etag: source.etag });
  if (call.method === 'HEAD') return { status: 200, headers: { ...headers, 'content-length': String(source.length) } };
  if (!ranges) return bytesAnswer(200, headers, source, wholeOf(source.length));
  const [only] = ranges;
  if (only && ranges.length === 1) return partAnswer(headers, source, only);
  return severalParts(headers, source, ranges);
}

/** If-Range: with another version the whole is wanted. */
function isSame({ 'if-range': wanted }: Headers, { etag, headers }: Source): boolean {
  if (wanted === undefined) return true;
  const date = Date.parse(wanted);
  if (Number.isNaN(date)) return wanted.replaceAll('"', '') === etag.replaceAll('"', '');
  return Date.parse(httpDate(headers['x-timestamp'] ?? '')) <= date;
}

async function bytesAnswer(status: number, headers: Headers, source: Source, range: Range): Promise<Answer> {
  const length = Math.max(0, range.to - range.from + 1);
  if (length === 0) return plain(status, { ...headers, 'content-length': '0' });
  return {
    status,
    headers: { ...headers, 'content-length': String(length) },
    body: await source.open(range),
  };
}

const partAnswer = (headers: Headers, source: Source, range: Range) =>
  bytesAnswer(206, { ...headers, 'content-range': `bytes ${range.from}-${range.to}/${source.length}` }, source, range);

/** Several ranges become a message of several parts, in the order asked for. */
function severalParts(headers: Headers, source: Source, ranges: readonly Range[]): Answer {
  const boundary = randomBytes(16).toString('hex');
  const type = headers['content-type'] ?? 'application/octet-stream';
  const heads = ranges.map(({ from, to }) =>
    Buffer.from(
      `--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${from}-${to}/${source.length}\r\n\r\n`,
      'latin1',
    ),
  );
  const end = Buffer.from(`--${boundary}--`);
  const gap = Buffer.from('\r\n');
  const length = ranges.reduce(
    (sum, { from, to }, at) => sum + (heads[at]?.length ?? 0) + to - from + 1 + gap.length,
    end.length,
  );
  const pieces = ranges.flatMap((range, at) => [
    () => asBytes(heads[at] ?? gap),
    () => source.open(range),
    () => asBytes(gap),
  ]);
  const body = inTurn([...pieces, () => asBytes(end)]);
  const about = { 'content-type': `multipart/byteranges;boundary=${boundary}`, 'content-length': String(length) };
  return { status: 206, headers: { ...headers, ...about }, body };
}

async function asBytes(buffer: Buffer): Promise<Bytes> {
  let rest: Buffer | undefined = buffer;
  const read = async () => {
    const chunk = rest;
    rest = undefined;
    return chunk;
  };
  return { read, close: async () => {} };
}

function inTurn(pieces: readonly (() => Promise<Bytes>)[]): Bytes {
  const waiting = [...pieces];
  let current: Bytes | undefined;
  const readNext = async (): Promise<Buffer | undefined> => {
    const chunk = await current?.read();
    if (chunk) return chunk;
    await current?.close();
    current = await waiting.shift()?.();
    return current ? readNext() : undefined;
  };
  return { read: readNext, close: async () => current?.close() };
}
