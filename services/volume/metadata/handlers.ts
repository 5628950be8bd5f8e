/** Metadata of volumes and snapshots: the same handlers for both. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { changeSnapshot, getSnapshot } from '../snapshots/store.ts';
import { changeVolume, getVolume, type Metadata } from '../volumes/store.ts';

interface Resource {
  readonly label: string;
  readonly find: (
    db: Knex,
    caller: Caller,
    id: string,
  ) => Promise<{ readonly id: string; readonly metadata: Metadata }>;
  readonly change: (db: Knex, id: string, change: { readonly metadata: Metadata }) => Promise<unknown>;
}

const etag = (metadata: Metadata, version: Version): Record<string, string> =>
  atLeast(version, '3.15') ? { etag: createHash('md5').update(JSON.stringify(metadata)).digest('hex') } : {};

function metadataOf({ label, find, change }: Resource) {
  const getResource = async (
    { db }: Volumes,
    { caller, params }: { caller: Caller; params: Readonly<Record<string, string>> },
  ) => find(db, caller, params.id ?? '');
  const missing = (id: string, key: string) =>
    new Fault(404, 'notFound', `${label} ${id} has no metadata with key ${key}.`);

  const show: Handler<Volumes> = async (service, call) => {
    const { metadata } = await getResource(service, call);
    return ok({ metadata }, etag(metadata, call.version));
  };
  const put =
    (merge: boolean): Handler<Volumes, { metadata: Metadata }> =>
    async (service, call) => {
      const thing = await getResource(service, call);
      const metadata = merge ? { ...thing.metadata, ...call.body.metadata } : call.body.metadata;
      await change(service.db, thing.id, { metadata });
      return ok({ metadata }, etag(metadata, call.version));
    };
  const showOne: Handler<Volumes> = async (service, call) => {
    const { id, metadata } = await getResource(service, call);
    const { key = '' } = call.params;
    if (!Object.hasOwn(metadata, key)) throw missing(id, key);
    return ok({ meta: { [key]: metadata[key] } }, etag(metadata, call.version));
  };
  const putOne: Handler<Volumes, { meta: Metadata }> = async (service, call) => {
    const thing = await getResource(service, call);
    const { key = '' } = call.params;
    if (!Object.hasOwn(call.body.meta, key)) throw badRequest('Request body and URI mismatch');
    const metadata = { ...thing.metadata, [key]: call.body.meta[key] ?? '' };
    await change(service.db, thing.id, { metadata });
    return ok({ meta: { [key]: metadata[key] } });
  };
  const removeOne: Handler<Volumes> = async (service, call) => {
    const thing = await getResource(service, call);
    const { key = '' } = call.params;
    if (!Object.hasOwn(thing.metadata, key)) throw missing(thing.id, key);
    const { [key]: _, ...metadata } = thing.metadata;
    await change(service.db, thing.id, { metadata });
    return ok(undefined);
  };
  return { show, add: put(true), replace: put(false), showOne, putOne, removeOne };
}

export const volumeMetadata = metadataOf({ label: 'Volume', find: getVolume, change: changeVolume });
export const snapshotMetadata = metadataOf({ label: 'Snapshot', find: getSnapshot, change: changeSnapshot });
