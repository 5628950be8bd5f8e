/** GET and HEAD of an object. */
import { randomBytes } from 'node:crypto';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { type Bytes, bytesIn } from '#shared/http/bytes.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { bytesOf, read } from '../cluster/read.ts';
import { resolved } from '../features/resolve.ts';
import { httpDate, plain, publicHeaders } from '../requests/answers.ts';
import { authorize, orNone } from '../requests/authorize.ts';
import { faultOf, missing, refuse } from '../requests/refusals.ts';
import { isTrue, type ObjectRequest, type PathHandler, partsOf } from '../requests/request.ts';
import { conditionOf, isConditional, type Range, rangesOf } from './conditions.ts';
import { linkHeader } from './link-headers.ts';
import { partRange } from './part-number.ts';
import { inOrder, objectSource, type Source, wholeOf } from './source.ts';

export const getObject: PathHandler = async (request) => {
  const { store, call, target, headers: asked } = request;
  await authorize(request);
  if (call.method === 'GET' && !isConditional(asked) && !isTrue(asked['x-newest'])) return wholeAtOnce(request);
  const stored = await objectSource(store, target, isTrue(asked['x-newest'])).catch(orNone);
  if (!stored) throw asked['if-match']?.includes('*') ? refuse(412) : missing();
  return answerFrom(call, asked, await resolved(request, stored));
};

/** The common case takes one call: the headers come with the bytes. */
async function wholeAtOnce(request: ObjectRequest): Promise<Answer> {
  const { store, call, target } = request;
  const reading = { kind: 'object', method: 'GET', path: partsOf(target) } as const;
  const answer = await read(store, reading);
  const length = Number(answer.headers['content-length'] ?? 0);
  const bytes = bytesOf(store, reading, answer, wholeOf(length));
  const source: Source = { headers: answer.headers, length, etag: answer.headers.etag ?? '', open: async () => bytes };
  const isOther = 'x-object-manifest' in answer.headers || linkHeader in answer.headers;
  if (isOther && call.query.symlink !== 'get') await bytes.close(); // it stands for others
  const isManifest = isOther || 'x-static-large-object' in answer.headers;
  if (isManifest) return answerFrom(call, {}, await resolved(request, source));
  const headers = shown(source);
  if (Buffer.isBuffer(answer.body)) return { status: 200, headers, body: answer.body };
  return { status: 200, headers, body: bytes };
}

function shown({ headers, etag, length }: Source): Headers {
  const said = publicHeaders(headers);
  if (etag) said.etag = etag;
  else delete said.etag;
  if (length === Infinity) delete said['content-length'];
  else said['content-length'] = String(length);
  said['accept-ranges'] = 'bytes';
  said['last-modified'] = httpDate(headers['x-timestamp'] ?? '');
  return said;
}

export async function answerFrom(call: Call, asked: Headers, source: Source): Promise<Answer> {
  const headers = shown(source);
  const { 'content-length': _, ...withoutLength } = headers;
  const status = conditionOf(asked, source.etag, source.headers['x-timestamp'] ?? '');
  if (status === 304) return { status, headers: withoutLength };
  if (status === 412) return plain(412, { ...withoutLength, 'content-length': '0' });
  const part = numberedPart(call, asked, source, headers);
  if (part) return part;
  if (call.method === 'HEAD') return { status: 200, headers };
  const ranges = rangesFor(asked, source);
  if (ranges?.length === 0) {
    const { 'content-type': _type, ...about } = withoutLength;
    throw refuse(416, undefined, { ...about, 'content-range': `bytes */${source.length}` });
  }
  const [only] = ranges ?? [];
  if (!ranges || !only) return bytesAnswer(200, headers, source, wholeOf(source.length));
  return ranges.length === 1 ? partAnswer(headers, source, only) : severalParts(headers, source, ranges);
}

/** The answer to `part-number`, of GET and HEAD. */
function numberedPart(
  call: Call,
  asked: Headers,
  source: Source,
  headers: Headers,
): Promise<Answer> | Answer | undefined {
  const range = orAbout(headers, () => partRange(call, asked, source));
  if (!range) return undefined;
  const counted = { ...headers, 'x-parts-count': String(source.partLengths?.length) };
  if (call.method !== 'HEAD') return partAnswer(counted, source, range);
  const about = { 'content-length': String(range.to - range.from + 1), 'content-range': rangeText(range, source) };
  return { status: 206, headers: { ...counted, ...about } };
}

/** A 416 says what it is about. */
function orAbout<T>({ 'content-length': _length, 'content-type': _type, ...about }: Headers, find: () => T): T {
  try {
    return find();
  } catch (error) {
    const { status, message, headers } = faultOf(error);
    throw status === 416 ? refuse(416, message, { ...about, ...headers }) : error;
  }
}

function rangesFor(asked: Headers, source: Source): readonly Range[] | undefined {
  if (source.length === Infinity || !isSame(asked, source)) return undefined;
  if (source.oneRange && asked.range?.includes(',')) return undefined;
  return rangesOf(asked.range, source.length);
}

/** If-Range: another version is sent whole. */
function isSame({ 'if-range': wanted }: Headers, { etag, headers }: Source): boolean {
  if (wanted === undefined) return true;
  const date = Date.parse(wanted);
  if (Number.isNaN(date)) return wanted.replaceAll('"', '') === etag.replaceAll('"', '');
  return Date.parse(httpDate(headers['x-timestamp'] ?? '')) <= date;
}

async function bytesAnswer(status: number, headers: Headers, source: Source, range: Range): Promise<Answer> {
  if (range.to === Infinity) return { status, headers, body: await source.open(range) };
  const length = Math.max(0, range.to - range.from + 1);
  if (length === 0) return plain(status, { ...headers, 'content-length': '0' });
  return { status, headers: { ...headers, 'content-length': String(length) }, body: await source.open(range) };
}

const partAnswer = (headers: Headers, source: Source, range: Range) =>
  bytesAnswer(206, { ...headers, 'content-range': rangeText(range, source) }, source, range);
const rangeText = ({ from, to }: Range, { length }: Source): string => `bytes ${from}-${to}/${length}`;

/** Several ranges are sent as multipart/byteranges, in the requested order. The first is opened before the answer begins. */
async function severalParts(headers: Headers, source: Source, ranges: readonly Range[]): Promise<Answer> {
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
  const bytes = ranges.reduce(
    (sum, { from, to }, at) => sum + (heads[at]?.length ?? 0) + to - from + 1 + gap.length,
    0,
  );
  const length = { 'content-length': String(bytes + end.length) };
  const first = await source.open(ranges[0] as Range);
  const pieces = ranges.flatMap((range, at): (() => Promise<Bytes>)[] => [
    async () => bytesIn(Buffer.from(heads[at] ?? gap)),
    at === 0 ? async () => first : () => source.open(range),
    async () => bytesIn(Buffer.from(gap)),
  ]);
  pieces.push(async () => bytesIn(end));
  const chain = inOrder(await pieces.shift()?.(), async () => pieces.shift()?.());
  const body = { read: chain.read, close: async () => void (await Promise.all([chain.close(), first.close()])) };
  const about = { 'content-type': `multipart/byteranges;boundary=${boundary}`, ...length };
  return { status: 206, headers: { ...headers, ...about }, body };
}
