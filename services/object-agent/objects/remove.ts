/** DELETE and POST of an object: small files beside or instead of its data. */
import { join } from 'node:path';
import type { AgentAnswer, AgentCall, Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { answer, away, placeAt } from '../context.ts';
import type { Disk, Place } from '../drivers/device.ts';
import { unlink, writeFileSafely } from '../drivers/disk.ts';
import { encodeTrailer, type Trailer } from '../drivers/trailer.ts';
import { announceEntry, entryOf, goneEntry, type ObjectContext } from './announce.ts';
import { amended, type Files, filesIn, lastOf, readTrailer, removeObsolete } from './store.ts';
import { isFull, keptOf } from './upload.ts';

/**
 * Writes a tombstone also where there is no object, since another replica may have one. A repetition with the same timestamp
 * only announces it to the replicas of the container that it names; so does a POST.
 */
export async function removeObject(
  context: ObjectContext,
  disk: Disk,
  { headers, path }: Pick<AgentCall, 'headers' | 'path'>,
): Promise<AgentAnswer> {
  const { 'x-timestamp': timestamp = '', 'x-container-replicas': replicas } = headers;
  const place = placeAt(context, disk, 'object', path);
  const before = filesIn(place.directory);
  const { data = '', gone = '' } = before;
  if (data >= timestamp || gone > timestamp) return answer(409, { 'x-backend-timestamp': data || gone });
  const tombstone = { path, timestamp, headers: {}, bytes: 0, crcs: [] };
  const entry = goneEntry(path, timestamp);
  const put = await writeBeside(context, place, 'ts', tombstone, entry, replicas);
  return put ?? answer(before.data ? 204 : 404, { 'x-backend-timestamp': timestamp });
}

export async function amendObject(
  context: ObjectContext,
  disk: Disk,
  { headers, path }: AgentCall,
): Promise<AgentAnswer> {
  const { 'x-timestamp': timestamp = '', 'x-container-replicas': replicas } = headers;
  const place = placeAt(context, disk, 'object', path);
  const { directory } = place;
  const files = filesIn(directory);
  if (!files.data) return answer(404);
  if (files.data >= timestamp || (files.meta ?? '') > timestamp)
    return answer(409, { 'x-backend-timestamp': lastOf(files) });
  const data = readTrailer(join(directory, `${files.data}.data`));
  if (headers[fromPeer] === undefined && isExpired(directory, files, data)) return answer(404);
  const before = files.meta ? readTrailer(join(directory, `${files.meta}.meta`)).headers : {};
  const kept = { ...typeOf(before), ...keptOf(headers) };
  const meta = { path, timestamp, headers: kept, bytes: 0, crcs: [] };
  const entry = entryOf({ ...data, headers: amended(data.headers, meta.headers) }, timestamp);
  const put = await writeBeside(context, place, 'meta', meta, entry, replicas);
  return put ?? answer(202, linkOf(data.headers));
}

/** A POST without a content type leaves the one that another POST has set. */
const typeOf = ({ 'content-type': type }: Headers): Headers => (type === undefined ? {} : { 'content-type': type });

/** Tells the proxy that it is a link. */
const linkOf = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-object-sysmeta-(symlink-|version-)/.test(name)));

/** Marks the call as replication, which skips the checks for clients. */
export const fromPeer = 'x-backend-replication';

function isExpired(directory: string, { meta }: Files, data: Trailer): boolean {
  const more = meta ? readTrailer(join(directory, `${meta}.meta`)).headers : undefined;
  const { 'x-delete-at': end } = more ? amended(data.headers, more) : data.headers;
  return Number(end ?? Infinity) <= Date.now() / 1000;
}

/** Writes the file and announces it; of the errors only a full disk is an answer. */
async function writeBeside(
  context: ObjectContext,
  place: Place,
  ending: 'ts' | 'meta',
  trailer: Trailer,
  entry: Entry,
  replicas: string | undefined,
): Promise<AgentAnswer | undefined> {
  const { disk, directory } = place;
  try {
    const file = join(directory, `${trailer.timestamp}.${ending}`);
    const temporary = await writeFileSafely(disk.root, file, encodeTrailer(trailer));
    context.hashes.touch(place);
    const announced = replicas === undefined ? undefined : announceEntry(context, disk, trailer.path, entry, replicas);
    await Promise.all([removeObsolete(directory), announced]);
    await unlink(temporary);
    return undefined;
  } catch (error) {
    if (isFull(error)) return away();
    throw error;
  }
}
