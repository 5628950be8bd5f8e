/** PUT of an object. */
import type { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import { reserve } from '../quotas/reservations.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, type PathHandler, partsOf } from '../requests/request.ts';
import { archive } from './archive.ts';
import { storeVersion } from './versions.ts';

/** What a PUT brings, and its place within the quotas. */
export interface Incoming {
  readonly target: ObjectPath;
  /** Where the bytes go: a version of the object, or the object itself. */
  readonly place: ObjectPath;
  /** The headers to store. */
  readonly headers: Headers;
  /** The MD5 that the client expects. */
  readonly etag: string | undefined;
  /** Undefined when the client did not send it. */
  readonly length: number | undefined;
  /** Throws when the quota does not allow so many bytes more than announced. */
  grow(bytes: number): void;
}

type Store = (request: ObjectRequest, incoming: Incoming) => Promise<Answer>;

/** Checks a PUT and reserves its place, then stores what it brings. */
export async function receive(request: ObjectRequest, keep: Store): Promise<Answer> {
  const { store, target, headers: given } = request;
  await authorize(request);
  const length = lengthOf(given);
  if ((length ?? 0) > store.settings.maxFileBytes) throw refuse(413);
  const container = await containerInfo(store, target);
  await checkNoneMatch(request);
  const headers = { ...objectHeadersOf(given), 'content-type': contentTypeOf(given, target.object) };
  const etag = given.etag?.replaceAll('"', '').toLowerCase();
  const { grow, release } = await reserve(request, container, length);
  try {
    await archive(request, container);
    return await storeVersion(store, target, container, headers, (place, stored) =>
      keep(request, { target, place, headers: stored, etag, length, grow }),
    );
  } finally {
    release();
  }
}

export const putObject: PathHandler = (request) =>
  receive(request, async ({ store, call }, { place, headers, etag, length, grow }) => {
    const timestamp = newTimestamp();
    const sent = await upload(store, {
      ...{ path: partsOf(place), timestamp, headers, length, etag, body: call.stream },
      mostBytes: store.settings.maxFileBytes,
      ...(length === undefined ? { onBytes: grow } : {}),
    });
    return plain(201, { etag: sent.etag, 'last-modified': httpDate(timestamp) });
  });

/** A body with neither a length nor chunked encoding. */
function lengthOf({ 'content-length': length, 'transfer-encoding': encoding }: Headers): number | undefined {
  if (encoding !== undefined) return undefined;
  if (length === undefined) throw refuse(411, 'Missing Content-Length header.');
  return Number(length);
}

/** `If-None-Match: *` creates the object only if it does not exist. */
async function checkNoneMatch({ store, target, headers }: ObjectRequest): Promise<void> {
  const { 'if-none-match': word } = headers;
  if (word === undefined) return;
  if (word.trim() !== '*') throw refuse(400, 'If-None-Match only supports *');
  if (await read(store, { kind: 'object', method: 'HEAD', path: partsOf(target) }).catch(orNone)) throw refuse(412);
}

const mostDrained = 16 * 1024 * 1024;

/** Reads the rest of a body of limited size before a refusal, since many clients read the answer only after they have sent it. */
export async function orDrained<T>({ stream }: Call, work: () => Promise<T>): Promise<T> {
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
