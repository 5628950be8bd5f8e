/** Requests about versions: `?version-id=` of an object, and `?versions` of a container. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { change } from '../cluster/write.ts';
import { containerRow, shown } from '../containers/view.ts';
import type { ObjectStore } from '../context.ts';
import { answerFrom } from '../objects/download.ts';
import { removeObject, removeWithVersions } from '../objects/remove.ts';
import {
  currentId,
  hiddenOf,
  isMarker,
  isVersionId,
  markerType,
  pointTo,
  unversioned,
  versionIn,
  versioningHeader,
  versionPlace,
  versionSource,
} from '../objects/versions.ts';
import { plain } from '../requests/answers.ts';
import { authorize, authorizeAccount, containerInfo, orNone } from '../requests/authorize.ts';
import { checkJson, listingAnswer, listingQuery } from '../requests/listing.ts';
import { refuse } from '../requests/refusals.ts';
import type { ObjectPath, ObjectRequest, PathHandler } from '../requests/request.ts';
import type { Feature } from './feature.ts';
import { resolved } from './resolve.ts';

const idIn = ({ call }: ObjectRequest): string => {
  const id = call.query['version-id'] ?? '';
  if (id !== unversioned && !isVersionId(id)) throw refuse(400, 'Invalid version parameter');
  return id;
};

/** Versions are those of the account: an ACL of the container opens the current object alone. */
async function authorizeVersion(request: ObjectRequest): Promise<void> {
  if (request.grant) await authorize(request);
  else authorizeAccount(request);
}

const showVersion: PathHandler = async (request) => {
  const { store, call, target, headers } = request;
  await authorizeVersion(request);
  const id = idIn(request);
  const source = await versionSource(store, target, id);
  if (isMarker(source)) throw refuse(404, undefined, { 'x-object-version-id': id, 'content-type': markerType });
  return answerFrom(call, headers, await resolved(request, source));
};

/** The current version takes the object with it; the one before does not come back by itself. */
const deleteVersion: PathHandler = async (request) => {
  const { store, target } = request;
  await authorizeVersion(request);
  const container = await containerInfo(store, target);
  const id = idIn(request);
  const current = id === unversioned ? await removeCurrent(request, container) : await removeVersion(store, target, id);
  return plain(204, { 'x-object-version-id': id, 'x-object-current-version-id': current ?? '' });
};

/** `null` is whatever the object is now, as in Swift: a version stays when it was that. Throws 404. */
async function removeCurrent(request: ObjectRequest, container: Headers): Promise<undefined> {
  const { store, target } = request;
  const isVersioned = container[versioningHeader] !== undefined;
  const existed = isVersioned
    ? await removeObject(store, target)
    : (await removeWithVersions(request, container)).existed;
  if (!existed) throw refuse(404);
}

/** Returns the version that was current. Throws 404. */
export async function removeVersion(store: ObjectStore, target: ObjectPath, id: string): Promise<string | undefined> {
  const current = await currentId(store, target);
  await versionSource(store, target, id);
  if (current === id) await change(store, target, 'DELETE');
  if (id !== unversioned) await removeObject(store, versionPlace(target, id));
  return current;
}

/** PUT without a body: makes an older version the current one. */
const restoreVersion: PathHandler = async (request) => {
  const { store, target, headers } = request;
  if (Number(headers['content-length'] ?? 0) > 0) throw refuse(400, 'A version is restored by a PUT without a body.');
  await authorizeVersion(request);
  const id = idIn(request);
  if (id === unversioned) throw refuse(400, 'The version null is not restored: copy it.');
  const source = await versionSource(store, target, id);
  if (isMarker(source)) throw refuse(404);
  await pointTo(store, target, id, newTimestamp());
  return plain(201, { 'x-object-version-id': id, etag: source.etag });
};

const refusePost: PathHandler = async () => {
  throw refuse(400, 'POST is not allowed with version-id');
};

const listVersions: PathHandler = async (request) => {
  const { store, call, target } = request;
  await authorize(request);
  checkJson(call);
  const info = await containerInfo(store, target);
  const entries = await versionsOf(store, target, listingQuery(call), call.query.version_marker);
  const rows = {
    root: 'container',
    name: target.container,
    element: 'object',
    rowOf: (entry: Entry) => {
      const version = entry as Version;
      return {
        ...containerRow(target.account)(entry),
        ...('id' in version ? { version_id: version.id, is_latest: version.isLatest } : {}),
      };
    },
  };
  return listingAnswer('json', rows, JSON.stringify(entries), shown(request, info));
};

interface Version extends Entry {
  readonly id: string;
  readonly isLatest: boolean;
}

/** Current objects and versions in one order: by name, newest first. */
export async function versionsOf(
  store: ObjectStore,
  target: ObjectPath,
  query: Headers,
  versionMarker?: string,
): Promise<(Version | Listed)[]> {
  const limit = Number(query.limit ?? 10_000);
  const { marker = '', ...asked } = query;
  const pages = await Promise.all([
    page(store, target, { ...asked, marker }),
    page(store, hiddenOf(target), { ...asked, ...(marker ? { marker: hiddenMarker(marker, versionMarker) } : {}) }),
  ]);
  const [current, versions] = pages as [Listed[], Listed[]];
  const subdirs = [...current, ...versions].filter((each) => 'subdir' in each);
  const linked = new Map(current.flatMap((each) => ('subdir' in each ? [] : [[each.name, linkedId(each)]])));
  const plainOnes = current.flatMap((each): Version[] =>
    'subdir' in each || linkedId(each) !== unversioned ? [] : [{ ...each, id: unversioned, isLatest: true }],
  );
  const isReversed = query.reverse === 'true';
  const newestFirst = isReversed ? versions.toReversed() : versions;
  const seen = new Set<string>(versionMarker && !isReversed ? [marker] : []);
  const kept = newestFirst.flatMap((each): Version[] => {
    if ('subdir' in each) return [];
    const { object, id } = versionIn(each.name);
    const isGone = each.type === markerType && !seen.has(object) && !linked.has(object);
    seen.add(object);
    return [{ ...each, name: object, id, isLatest: linked.get(object) === id || isGone }];
  });
  const all = [...plainOnes, ...kept, ...uniqueSubdirs(subdirs)].sort(byName);
  return (isReversed ? all.reverse() : all).slice(0, limit);
}

const linkedId = ({ etag }: Entry): string => etag.match(/; version_id=([\d.]{16})/)?.[1] ?? unversioned;
const nameOf = (each: Version | Listed): string => ('subdir' in each ? each.subdir : each.name);
const byName = (a: Version | Listed, b: Version | Listed): number =>
  Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b)));
const uniqueSubdirs = (all: readonly Listed[]): Listed[] => [
  ...new Map(all.map((each) => [nameOf(each), each])).values(),
];

/** After all versions of the object, or after one of them. */
const hiddenMarker = (object: string, id: string | undefined): string =>
  id && isVersionId(id) ? versionPlace({ account: '', container: '', object }, id).object : `${object}\u0002`;

async function page(store: ObjectStore, { account, container }: ObjectPath, query: Headers): Promise<Listed[]> {
  const found = await read(store, { kind: 'container', method: 'GET', path: [account, container], query }).catch(
    orNone,
  );
  return JSON.parse(String(found?.body ?? '[]')) as Listed[];
}

export const objectVersions: Feature = {
  matches: ({ query }) => query['version-id'] !== undefined,
  object: { get: showVersion, head: showVersion, delete: deleteVersion, put: restoreVersion, post: refusePost },
};

export const versionListing: Feature = {
  matches: ({ query }) => query.versions !== undefined,
  container: { get: listVersions },
};
