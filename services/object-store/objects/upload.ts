/** PUT of an object, from the client or from another object. */
import type { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import type { ObjectStore } from '../context.ts';
import { reserve } from '../quotas/reservations.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, type ObjectPath, type PathHandler, partsOf } from '../requests/request.ts';
import { copyFrom } from './copy.ts';
import { putManifest } from './manifest.ts';

export const putObject: PathHandler = (store, call, target) =>
  orDrained(call, async () => {
    const headers = headersIn(call);
    const isManifest = call.query['multipart-manifest'] === 'put';
    if (isManifest && headers['x-copy-from'] !== undefined)
      throw refuse(405, 'Multipart Manifest PUTs cannot be COPY requests');
    if (headers['x-copy-from'] !== undefined) return copyFrom(store, call, target, headers);
    await authorize(store, call, target);
    const length = lengthOf(headers);
    if ((length ?? 0) > store.settings.maxFileBytes) throw refuse(413);
    const container = await containerInfo(store, target);
    await checkNoneMatch(store, target, headers);
    const about = { target, headers: aboutOf(headers, target), etag: headers.etag?.replaceAll('"', '').toLowerCase() };
    const reservation = await reserve(store, call, target, container, length);
    try {
      if (isManifest) return await putManifest(store, call, about);
      return await put(store, call, { ...about, length, grow: reservation.grow });
    } finally {
      reservation.release();
    }
  });

const aboutOf = (headers: Headers, target: ObjectPath): Headers => ({
  ...objectHeadersOf(headers),
  'content-type': contentTypeOf(headers, target.object),
});

interface Putting {
  readonly target: ObjectPath;
  readonly headers: Headers;
  readonly etag: string | undefined;
  readonly length: number | undefined;
  /** Throws when the quota does not allow so many bytes more than announced. */
  readonly grow: (bytes: number) => void;
}

async function put(store: ObjectStore, call: Call, { target, headers, etag, length, grow }: Putting): Promise<Answer> {
  const timestamp = newTimestamp();
  const common = { path: partsOf(target), timestamp, headers, length, etag, body: call.stream };
  const onBytes = length === undefined ? grow : undefined;
  const sent = await upload(store, {
    ...common,
    mostBytes: store.settings.maxFileBytes,
    ...(onBytes ? { onBytes } : {}),
  });
  return plain(201, { etag: sent.etag, 'last-modified': httpDate(timestamp) });
}

/** A body with neither a length nor chunked encoding. */
function lengthOf({ 'content-length': length, 'transfer-encoding': encoding }: Headers): number | undefined {
  if (encoding !== undefined) return undefined;
  if (length === undefined) throw refuse(411, 'Missing Content-Length header.');
  return Number(length);
}

/** `If-None-Match: *` creates the object only if it does not exist. */
async function checkNoneMatch(
  store: ObjectStore,
  target: ObjectPath,
  { 'if-none-match': word }: Headers,
): Promise<void> {
  if (word === undefined) return;
  if (word.trim() !== '*') throw refuse(400, 'If-None-Match only supports *');
  if (await read(store, { kind: 'object', method: 'HEAD', path: partsOf(target) }).catch(orNone)) throw refuse(412);
}

const mostDrained = 16 * 1024 * 1024;

/** Reads the rest of a body of limited size before a refusal, since many clients read the answer only after they have sent it. */
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
