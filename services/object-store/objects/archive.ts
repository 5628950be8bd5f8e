/** The older modes of versioned containers: before each change the object is copied to another container of the account. */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import { change } from '../cluster/write.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, partsOf } from '../requests/request.ts';
import { objectSource, type Source } from './source.ts';
import { copyRaw, locationHeader, markerType, modeHeader } from './versions.ts';

/** All versions of an object begin alike: its name and the length of it, so that no other name begins so. */
const prefixOf = ({ object }: ObjectPath): string => `${object.length.toString(16).padStart(3, '0')}${object}/`;

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

async function put(request: ObjectRequest, to: ObjectPath, source: Source): Promise<void> {
  const { store } = request;
  await authorize({ ...request, target: to }, 'PUT');
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
    await authorize({ ...request, target: to }, 'PUT');
    const object = prefixOf(target) + newTimestamp();
    const common = { path: partsOf({ ...to, object }), timestamp: newTimestamp(), length: 0, etag: undefined };
    await upload(store, { ...common, headers: { 'content-type': markerType }, mostBytes: 0, body: Readable.from([]) });
    return false;
  }
  const last = await latest(request, to);
  if (!last) return false;
  await authorize({ ...request, target: last }, 'GET');
  const source = await objectSource(store, last);
  await copyRaw(store, source, target, newTimestamp());
  await change(store, last, 'DELETE');
  return true;
}

async function latest({ store, target }: ObjectRequest, to: ObjectPath): Promise<ObjectPath | undefined> {
  const query = { prefix: prefixOf(target), limit: '1', reverse: 'true' };
  const path = [to.account, to.container];
  const found = await read(store, { kind: 'container', method: 'GET', path, query }).catch(orNone);
  const [entry] = JSON.parse(String(found?.body ?? '[]')) as Entry[];
  return entry && { ...to, object: entry.name };
}
