/** The body of an upload: plain, or in signed chunks, with the checksums that its sender announces. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Signed } from '../context.ts';
import { type Checksum, checksums } from './checksums.ts';
import { refuseS3 } from './errors.ts';
import { sha256, signatureWith } from './signature.ts';

export interface Payload {
  readonly stream: Readable;
  /** Undefined when the client did not send it. */
  readonly length: string | undefined;
}

/** The stream fails with an S3 error when a signature or a checksum is wrong, so that nothing of it is stored. */
export function payloadOf(
  stream: Readable,
  headers: Headers,
  { signed, key }: { signed: Signed; key: Buffer | undefined },
): Payload {
  const kind = signed.payload;
  const announced = [...checksums.keys()].filter((name) => headers[name] !== undefined);
  if (kind.startsWith('STREAMING-')) {
    const body = inChunks(stream, signed, kind.includes('UNSIGNED') ? undefined : key, headers);
    return { stream: Readable.from(body, { objectMode: false }), length: headers['x-amz-decoded-content-length'] };
  }
  const length = headers['content-length'];
  const said = signed.version === 4 ? kind : headers['x-amz-content-sha256'];
  const digest = said === 'UNSIGNED-PAYLOAD' ? undefined : said;
  if (digest === undefined && announced.length === 0) return { stream, length };
  return { stream: Readable.from(checked(stream, digest, expectedIn(headers)), { objectMode: false }), length };
}

interface Expected {
  readonly name: string;
  readonly checksum: Checksum;
  /** Undefined until the trailer says it. */
  value: string | undefined;
}

function expectedIn(headers: Headers): Expected[] {
  const trailers = (headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  return [...checksums].flatMap(([name, make]) =>
    headers[name] !== undefined || trailers.includes(name) ? [{ name, checksum: make(), value: headers[name] }] : [],
  );
}

function checkSums(expected: readonly Expected[]): void {
  for (const { name, checksum, value } of expected)
    if (value !== checksum.digest())
      throw refuseS3('BadDigest', `The ${name} that you specified did not match what was received.`);
}

async function* checked(
  stream: Readable,
  digest: string | undefined,
  expected: readonly Expected[],
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (digest !== undefined) hash.update(chunk);
    for (const { checksum } of expected) checksum.update(chunk);
    yield chunk;
  }
  if (digest !== undefined) checkDigest(digest, hash.digest('hex'));
  checkSums(expected);
}

/** What the client said is in any case of letters, or no digest at all. */
function checkDigest(said: string, computed: string): void {
  if (said.toLowerCase() === computed) return;
  const more = { ClientComputedContentSHA256: said, S3ComputedContentSHA256: computed };
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  throw refuseS3('XAmzContentSHA256Mismatch', message, more);
}

const longestLine = 1024;
const empty = sha256('');
const cut = () => refuseS3('InvalidRequest', 'The chunks of the body are malformed or incomplete.');

/** `size;chunk-signature=…` and the bytes, until a chunk of size 0 and the trailers. Each signature covers the one before. */
async function* inChunks(
  stream: Readable,
  signed: Signed,
  key: Buffer | undefined,
  headers: Headers,
): AsyncGenerator<Buffer> {
  const source = reader(stream);
  const expected = expectedIn(headers);
  let previous = signed.signature;
  const sign = (kind: string, ...digests: readonly string[]) =>
    key && signatureWith(key, [`AWS4-HMAC-SHA256-${kind}`, signed.date, signed.scope, previous, ...digests].join('\n'));
  for (;;) {
    const [hex = '', ...extensions] = (await source.line()).split(';');
    if (!/^[0-9a-fA-F]{1,12}$/.test(hex)) throw cut();
    const given =
      extensions.find((each) => each.startsWith('chunk-signature='))?.slice('chunk-signature='.length) ?? '';
    const size = Number.parseInt(hex, 16);
    const hash = key && createHash('sha256');
    for (let left = size; left > 0; ) {
      const chunk = await source.some(left);
      left -= chunk.length;
      hash?.update(chunk);
      for (const { checksum } of expected) checksum.update(chunk);
      yield chunk;
    }
    if (hash) {
      if (!isSameSecret(sign('PAYLOAD', empty, hash.digest('hex')) ?? '', given)) throw wrongChunk();
      previous = given;
    }
    if (size === 0) break;
    if ((await source.line()) !== '') throw cut();
  }
  await readTrailers(source, expected, (text) => sign('TRAILER', sha256(text)), signed.payload.endsWith('-TRAILER'));
  checkSums(expected);
}

const wrongChunk = () => refuseS3('SignatureDoesNotMatch', 'The signature of a chunk does not match.');

async function readTrailers(
  source: ReturnType<typeof reader>,
  expected: readonly Expected[],
  sign: (text: string) => string | undefined,
  hasTrailers: boolean,
): Promise<void> {
  let text = '';
  for (let line = await source.line(); line !== ''; line = await source.line()) {
    const [name = '', value = ''] = [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ];
    if (name === 'x-amz-trailer-signature') {
      const wanted = sign(text);
      if (wanted !== undefined && !isSameSecret(wanted, value)) throw wrongChunk();
      return;
    }
    text += `${name}:${value}\n`;
    const found = expected.find((each) => each.name === name);
    if (found) found.value = value;
  }
  if (hasTrailers && sign('') !== undefined) throw wrongChunk();
}

function reader(stream: Readable) {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer = Buffer.alloc(0);
  let ended = false;
  const more = async () => {
    const { value, done } = await chunks.next();
    ended = done === true;
    return ended ? Buffer.alloc(0) : (value as Buffer);
  };
  const some = async (most: number): Promise<Buffer> => {
    while (held.length === 0 && !ended) held = await more();
    if (held.length === 0) throw cut();
    const part = held.subarray(0, most);
    held = held.subarray(part.length);
    return part;
  };
  /** Without its end. The last line may have none. */
  const line = async (): Promise<string> => {
    let at = held.indexOf('\r\n');
    while (at < 0 && !ended) {
      if (held.length > longestLine) throw cut();
      held = Buffer.concat([held, await more()]);
      at = held.indexOf('\r\n');
    }
    const text = held.subarray(0, at < 0 ? held.length : at).toString();
    held = held.subarray(at < 0 ? held.length : at + 2);
    return text;
  };
  return { some, line };
}
