/** PUT of an object, from the client or from another object. */
import type { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call, Handler } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import type { ObjectStore } from '../context.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, partsOf, type Way, wayOf } from '../requests/request.ts';
import { copyFrom } from './copy.ts';
import { putManifest } from './manifest.ts';

export const putObject: Handler<ObjectStore> = (store, call) =>
  orDrained(call, async () => {
    const way = wayOf(call);
    await authorize(store, call, way);
    const headers = headersIn(call);
    if (headers['x-copy-from'] !== undefined) return copyFrom(store, call, way, headers);
    const length = lengthOf(headers);
    if ((length ?? 0) > store.settings.maxFileBytes) throw refuse(413);
    await containerInfo(store, way);
    await checkNoneMatch(store, way, headers);
    if (call.query['multipart-manifest'] === 'put') return putManifest(store, call, way, headers);
    return put(store, call, way, headers, length);
  });

async function put(
  store: ObjectStore,
  call: Call,
  way: Way,
  headers: Headers,
  length: number | undefined,
): Promise<Answer> {
  const timestamp = newTimestamp();
  const about = { ...objectHeadersOf(headers), 'content-type': contentTypeOf(headers, way.object) };
  const etag = headers.etag?.replaceAll('"', '').toLowerCase();
  const common = { path: partsOf(way), timestamp, headers: about, length, etag };
  const sent = await upload(store, { ...common, body: call.stream, mostBytes: store.settings.maxFileBytes });
  return plain(201, { etag: sent.etag, 'last-modified': httpDate(timestamp) });
}

/** Neither a length nor chunks: nobody knows where it ends. */
function lengthOf({ 'content-length': length, 'transfer-encoding': encoding }: Headers): number | undefined {
  if (encoding !== undefined) return undefined;
  if (length === undefined) throw refuse(411, 'Missing Content-Length header.');
  return Number(length);
}

/** `If-None-Match: *` makes only what is not there yet. */
async function checkNoneMatch(store: ObjectStore, way: Way, { 'if-none-match': word }: Headers): Promise<void> {
  if (word === undefined) return;
  if (word.trim() !== '*') throw refuse(400, 'If-None-Match only supports *');
  const found = await read(store, { kind: 'object', method: 'HEAD', path: partsOf(way) }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.status !== 404) throw error;
  });
  if (found) throw refuse(412);
}

const mostDrained = 16 * 1024 * 1024;

/** A refusal is heard only by a client that has sent its body, if that is not too much to ask. */
async function orDrained<T>({ stream }: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const length = Number(stream.headers['content-length'] ?? 0);
    if (error instanceof Fault && !stream.readableEnded && length <= mostDrained) await drained(stream);
    throw error;
  }
}

function drained(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 2_000);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    stream.once('end', end).once('close', end).once('error', end).resume();
  });
}
