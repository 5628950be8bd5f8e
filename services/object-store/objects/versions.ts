/**
 * Versioned containers. New versions are objects of a hidden account (`.versions-AUTH_p`), in a container of the same name, each
 * named by the object and its **version id**, the time when it was written; the object itself is a link to the current one.
 * A deletion is a version too, a **delete marker**. In the older modes the previous object is copied to another container of the
 * same account (`archive.ts`).
 */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import { change } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { orNone } from '../requests/authorize.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { type ObjectPath, partsOf } from '../requests/request.ts';
import { linkHeaders, listedEtag, listedSize, versionHeader } from './link-headers.ts';
import { objectSource, type Source, streamOf, wholeOf } from './source.ts';

/** `enabled` or `suspended`; absent for a container that never had versions. */
export const versioningHeader = 'x-container-sysmeta-versions';
/** Whether a container of the account has, or had, versions. */
export const versionedAccount = 'x-account-sysmeta-versions';
/** The other container, and what a DELETE does: `stack` brings back the previous version, `history` leaves a marker. */
export const locationHeader = 'x-container-sysmeta-versions-location';
export const modeHeader = 'x-container-sysmeta-versions-mode';
export const markerType = 'application/x-deleted;swift_versions_deleted=1';
/** The version id of an object that was written while the container had no versions. */
export const unversioned = 'null';

const hidden = '.versions-';
export const hiddenOf = ({ account, container }: Pick<ObjectPath, 'account' | 'container'>): ObjectPath => ({
  account: hidden + account,
  container,
  object: '',
});

/** So that newer versions come first: all digits count down. */
const inverted = (id: string): string => id.replace(/\d/g, (digit) => String(9 - Number(digit)));
const separator = '\u0001';

export const isVersionId = (id: string): boolean => /^\d{10}\.\d{5}$/.test(id);

export const versionPlace = (target: ObjectPath, id: string): ObjectPath => ({
  ...hiddenOf(target),
  object: target.object + separator + inverted(id),
});

/** The object and the version id that a name in the hidden container stands for. */
export function versionIn(name: string): { readonly object: string; readonly id: string } {
  const at = name.lastIndexOf(separator);
  return { object: name.slice(0, at), id: inverted(name.slice(at + 1)) };
}

export const isMarker = (source: Pick<Source, 'headers'>): boolean => source.headers['content-type'] === markerType;

/** Writes the object: as a new version where the container has versions. */
export async function storeVersion(
  store: ObjectStore,
  target: ObjectPath,
  container: Headers,
  headers: Headers,
  write: (place: ObjectPath, headers: Headers) => Promise<Answer>,
): Promise<Answer> {
  if (container[versioningHeader] !== 'enabled') return write(target, headers);
  await keepUnversioned(store, target);
  const id = newTimestamp();
  const made = await write(versionPlace(target, id), lasting(headers));
  await pointTo(store, target, id, id, headers['x-delete-at']);
  return { ...made, headers: { ...made.headers, 'x-object-version-id': id } };
}

/** An object expires, its versions do not. */
export const lasting = ({ 'x-delete-at': _end, ...headers }: Headers): Headers => headers;

/** An object from before the container had versions becomes one. */
async function keepUnversioned(store: ObjectStore, target: ObjectPath): Promise<void> {
  const source = await objectSource(store, target).catch(orNone);
  if (!source || source.headers[versionHeader] !== undefined) return;
  const timestamp = source.headers['x-backend-data-timestamp'] ?? source.headers['x-timestamp'] ?? newTimestamp();
  const kept = { ...source, headers: lasting(source.headers) };
  await copyRaw(store, kept, versionPlace(target, timestamp), timestamp).catch(orOld);
}

/** The same write was done before: its version is there. */
function orOld(error: unknown): void {
  if (faultOf(error).status !== 409) throw error;
}

/** As it is stored, with all its headers. */
export async function copyRaw(store: ObjectStore, source: Source, to: ObjectPath, timestamp: string): Promise<void> {
  const { etag: _etag, 'content-length': _length, ...headers } = source.headers;
  const body = streamOf(await source.open(wholeOf(source.length)));
  const common = { path: partsOf(to), timestamp, headers, length: source.length, body, etag: undefined };
  await upload(store, { ...common, mostBytes: source.length });
}

/** Makes a version the current one, until `end` in seconds since 1970. A newer write or deletion of the object wins. */
export async function pointTo(
  store: ObjectStore,
  target: ObjectPath,
  id: string,
  timestamp: string,
  end?: string,
): Promise<void> {
  const place = versionPlace(target, id);
  const source = await objectSource(store, place);
  const { 'content-type': type = '' } = source.headers;
  const etag = source.headers[listedEtag] ?? source.etag;
  const headers = {
    'content-type': type,
    ...(end === undefined ? {} : { 'x-delete-at': end }),
    ...linkHeaders(place),
    [versionHeader]: id,
    [listedEtag]: `${etag}; version_id=${id}`,
    [listedSize]: source.headers['x-object-sysmeta-slo-size'] ?? source.headers[listedSize] ?? String(source.length),
  };
  const common = { path: partsOf(target), timestamp, headers, length: 0, etag: undefined, mostBytes: 0 };
  await upload(store, { ...common, body: Readable.from([]) }).catch(orOld);
}

/** Writes a delete marker and removes the link. Returns the id of the marker, and whether there was an object. */
export async function markDeleted(
  store: ObjectStore,
  target: ObjectPath,
): Promise<{ readonly id: string; readonly existed: boolean }> {
  await keepUnversioned(store, target);
  const id = newTimestamp();
  const common = { path: partsOf(versionPlace(target, id)), timestamp: id, length: 0, etag: undefined, mostBytes: 0 };
  await upload(store, { ...common, headers: { 'content-type': markerType }, body: Readable.from([]) });
  const answers = await change(store, target, 'DELETE');
  return { id, existed: answers.some(({ status }) => status < 300) };
}

/** The current version id of an object: `null` for one without versions, undefined when there is none. */
export async function currentId(store: ObjectStore, target: ObjectPath): Promise<string | undefined> {
  const source = await objectSource(store, target).catch(orNone);
  return source && (source.headers[versionHeader] ?? unversioned);
}

/** One version. Throws 404. */
export async function versionSource(store: ObjectStore, target: ObjectPath, id: string): Promise<Source> {
  const source = await objectSource(store, id === unversioned ? target : versionPlace(target, id));
  if (id === unversioned && source.headers[versionHeader] !== undefined) throw refuse(404);
  return { ...source, headers: { ...source.headers, 'x-object-version-id': id } };
}

/** The counters of what is hidden; undefined where there is nothing. */
export async function hiddenCounters(
  store: ObjectStore,
  kind: 'account' | 'container',
  path: ObjectPath,
): Promise<Headers | undefined> {
  const { account, container } = hiddenOf(path);
  const found = await read(store, {
    kind,
    method: 'HEAD',
    path: kind === 'account' ? [account] : [account, container],
  }).catch(orNone);
  return found?.headers;
}
