/** GET and HEAD of an object. Every block is verified by its CRC before it is sent. */
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type AgentAnswer, type AgentCall, blockBytes, type Headers } from '#shared/contracts/object-agent.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { answer, placeAt } from '../context.ts';
import type { Disk } from '../drivers/device.ts';
import { close, codeOf } from '../drivers/disk.ts';
import { CorruptObject, type Trailer } from '../drivers/trailer.ts';
import type { ObjectContext } from './announce.ts';
import { quarantine } from './quarantine.ts';
import { amended, filesIn, type Opened, openFile, readTrailer } from './store.ts';

const read = promisify(fs.read);

export async function readObject(context: ObjectContext, disk: Disk, call: AgentCall): Promise<AgentAnswer> {
  const place = placeAt(context, disk, 'object', call.path);
  const rotten = (error: Error) => quarantine(context, place, error);
  try {
    return found(place.directory, call, rotten);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return answer(404);
    if (!(error instanceof CorruptObject)) throw error;
    rotten(error);
    return answer(404);
  }
}

type Rotten = (error: Error) => void;

function found(directory: string, call: AgentCall, rotten: Rotten): AgentAnswer {
  const files = filesIn(directory);
  if (!files.data) return answer(404, files.gone ? { 'x-backend-timestamp': files.gone } : {});
  const opened = openFile(join(directory, `${files.data}.data`));
  try {
    checkIdentity(opened.trailer, call.path, files.data);
    const meta = files.meta ? readTrailer(join(directory, `${files.meta}.meta`)) : undefined;
    const headers = headersOf(opened.trailer, meta);
    const expired = Number(headers['x-delete-at'] ?? Infinity) <= Date.now() / 1000;
    const full = expired
      ? answer(404, { 'x-backend-timestamp': headers['x-timestamp'] ?? '' })
      : { status: 200, headers: { ...headers, 'content-length': String(opened.trailer.bytes) } };
    if (expired || call.method === 'HEAD') return closed(opened, full);
    return withBody(call, opened, headers, rotten);
  } catch (error) {
    closed(opened, undefined);
    throw error;
  }
}

/** Checks that the file is of the object whose path it has. */
function checkIdentity({ path, timestamp }: Trailer, asked: readonly string[], name: string): void {
  if (timestamp !== name || path.length !== asked.length || path.some((part, at) => part !== asked[at]))
    throw new CorruptObject('the file has the data of another object');
}

function closed<T>({ fd }: Opened, result: T): T {
  fs.closeSync(fd);
  return result;
}

const headersOf = ({ timestamp, headers }: Trailer, meta: Trailer | undefined): Headers => ({
  ...(meta ? amended(headers, meta.headers) : headers),
  'x-timestamp': meta?.timestamp ?? timestamp,
  'x-backend-data-timestamp': timestamp,
});

/** `x-backend-range: 0-9`, inclusive, limited to the size of the object. */
function withBody(call: AgentCall, opened: Opened, headers: Headers, rotten: Rotten): AgentAnswer {
  const { bytes, crcs } = opened.trailer;
  const [from = 0, to = bytes - 1] = call.headers['x-backend-range']?.split('-').map(Number) ?? [];
  const until = Math.min(to + 1, bytes);
  const length = { 'content-length': String(Math.max(0, until - from)), 'x-backend-length': String(bytes) };
  if (opened.small) {
    if (bytes > 0 && crc32(opened.small) !== crcs[0]) throw new CorruptObject('the body has changed');
    return closed(opened, {
      status: 200,
      headers: { ...headers, ...length },
      body: opened.small.subarray(from, until),
    });
  }
  return { status: 200, headers: { ...headers, ...length }, body: checkedBytes(opened, from, until, rotten) };
}

function checkedBytes(opened: Opened, from: number, until: number, rotten: Rotten): Bytes {
  let at = from;
  let open = true;
  const end = async () => {
    if (open) await close(opened.fd);
    open = false;
  };
  const next = async (): Promise<Buffer | undefined> => {
    if (at >= until || !open) return undefined;
    const number = Math.floor(at / blockBytes);
    const block = await readBlock(opened, number).catch(async (error: Error) => {
      if (error instanceof CorruptObject) rotten(error);
      await end();
      throw error;
    });
    const start = number * blockBytes;
    const part = block.subarray(at - start, until - start);
    at += part.length;
    if (at >= until) await end();
    return part;
  };
  return { read: next, close: end };
}

/** Throws CorruptObject for a block that is not what was written. */
export async function readBlock({ fd, trailer }: Opened, number: number): Promise<Buffer> {
  const start = number * blockBytes;
  const length = Math.min(blockBytes, trailer.bytes - start);
  const { bytesRead, buffer } = await read(fd, Buffer.allocUnsafeSlow(length), 0, length, start);
  const block = buffer.subarray(0, bytesRead);
  if (crc32(block) !== trailer.crcs[number]) throw new CorruptObject(`block ${number} has changed`);
  return block;
}
