/** The older modes of versioned containers: before each change the object is copied to another container of the account. */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import { change } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { containerInfo, orNone } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, partsOf } from '../requests/request.ts';
import { objectSource, type Source } from './source.ts';
import { copyRaw, isMarker, locationHeader, markerType, modeHeader } from './versions.ts';

/** All versions of an object begin alike: the length of its name in bytes and the name, so that no other name begins so. */
const prefixOf = ({ object }: ObjectPath): string => prefix(Buffer.byteLength(object), object);
const prefix = (length: number, object: string): string => `${length.toString(16).padStart(3, '0')}${object}/`;
/** As earlier versions of this service counted. */
const formerPrefix = ({ object }: ObjectPath): string => prefix(object.length, object);

const archiveOf = ({ account, object }: ObjectPath, container: Headers): ObjectPath | undefined => {
  const name = container[locationHeader];
  return name === undefined ? undefined : { account, container: decodeURIComponent(name), object };
};

/** Copies the object as it is now, where the container keeps versions in another one. */
export async function archive(request: ObjectRequest, container: Headers): Promise<void> {
  const { store, target } = request;
  const to = archiveOf(target, container);
  if (!to) return;
  const source = await objectSource(store, target).catch(orNone);
  if (source) await put(request, to, source);
}

/** Without asking its access list: who set the container may use the other one. */
async function put({ store }: ObjectRequest, to: ObjectPath, source: Source): Promise<void> {
  await containerInfo(store, to).catch(() => {
    throw refuse(412, `The container ${to.container} for versions does not exist.`);
  });
  const timestamp = source.headers['x-timestamp'] ?? newTimestamp();
  await copyRaw(store, source, { ...to, object: prefixOf(to) + timestamp }, newTimestamp());
}

/** What a DELETE does before the object is removed. True when an earlier version took its place. */
export async function beforeRemoval(request: ObjectRequest, container: Headers): Promise<boolean> {
  const { store, target } = request;
  const to = archiveOf(target, container);
  if (!to) return false;
  if (container[modeHeader] === 'history') {
    await archive(request, container);
    const object = prefixOf(target) + newTimestamp();
    const common = { path: partsOf({ ...to, object }), timestamp: newTimestamp(), length: 0, etag: undefined };
    await upload(store, { ...common, headers: { 'content-type': markerType }, mostBytes: 0, body: Readable.from([]) });
    return false;
  }
  return restoreLatest(request, to);
}

/** The last version takes the place of the object; a marker that the other mode has left is removed with it, or alone where another follows. */
async function restoreLatest({ store, target }: ObjectRequest, to: ObjectPath): Promise<boolean> {
  const [last, before] = await latest(store, target, to);
  if (!last) return false;
  const source = await objectSource(store, last);
  if (!isMarker(source)) return moveBack(store, last, target);
  if (await objectSource(store, target).catch(orNone)) return false;
  if (before && !isMarker(await objectSource(store, before))) await moveBack(store, before, target);
  await change(store, last, 'DELETE');
  return true;
}

async function moveBack(store: ObjectStore, from: ObjectPath, target: ObjectPath): Promise<true> {
  await copyRaw(store, await objectSource(store, from), target, newTimestamp());
  await change(store, from, 'DELETE');
  return true;
}

/** The last two versions, the newest first. */
async function latest(store: ObjectStore, target: ObjectPath, to: ObjectPath): Promise<ObjectPath[]> {
  for (const start of new Set([prefixOf(target), formerPrefix(target)])) {
    const query = { prefix: start, limit: '2', reverse: 'true' };
    const path = [to.account, to.container];
    const found = await read(store, { kind: 'container', method: 'GET', path, query }).catch(orNone);
    const entries = JSON.parse(String(found?.body ?? '[]')) as Entry[];
    if (entries.length > 0) return entries.map(({ name }) => ({ ...to, object: name }));
  }
  return [];
}
