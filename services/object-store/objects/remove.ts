import type { Headers } from '#shared/contracts/object-agent.ts';
import { change, verdictOf } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import type { ObjectPath, ObjectRequest } from '../requests/request.ts';
import { beforeRemoval } from './archive.ts';
import { objectSource } from './source.ts';
import { markDeleted, versioningHeader } from './versions.ts';

/** Returns the headers of the container. Throws unless the caller may delete the object; X-If-Delete-At: only an object that ends then. */
export async function checkDeletable(request: ObjectRequest): Promise<Headers> {
  const { store, target } = request;
  await authorize(request);
  const container = await containerInfo(store, target);
  const { 'x-if-delete-at': wanted } = request.headers;
  if (wanted === undefined) return container;
  if (!/^\s*\d{1,12}\s*$/.test(wanted)) throw refuse(400, 'Bad X-If-Delete-At header value');
  const { headers } = await objectSource(store, target);
  if (Number(headers['x-delete-at'] ?? Number.NaN) !== Number(wanted))
    throw refuse(412, 'X-If-Delete-At and X-Delete-At do not match');
  return container;
}

interface Removed {
  readonly existed: boolean;
  /** For the answer. */
  readonly headers: Headers;
}

/** Removes it as its container wants it: with a version or an archive of it. */
export async function removeWithVersions(request: ObjectRequest, container: Headers): Promise<Removed> {
  const { store, target } = request;
  if (container[versioningHeader] === 'enabled') {
    const { id, existed } = await markDeleted(store, target);
    return { existed, headers: { 'x-object-version-id': id } };
  }
  const existed = (await beforeRemoval(request, container)) || (await removeObject(store, target));
  return { existed, headers: {} };
}

/** Returns false when no replica had it. */
export async function removeObject(store: ObjectStore, target: ObjectPath): Promise<boolean> {
  const answers = await change(store, target, 'DELETE');
  const status = verdictOf(
    store,
    answers.map((each) => (each.status === 404 ? { ...each, status: 204 } : each)),
  );
  if (status >= 400) throw refuse(status);
  return answers.some((each) => each.status < 300);
}
