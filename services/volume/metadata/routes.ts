/** Metadata of volumes and snapshots. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ok, type Route } from '#shared/http/route.ts';
import { type Metadata, metadata } from '#shared/resource/metadata.ts';
import type { Volumes } from '../context.ts';
import { changeSnapshot, getSnapshot, lockSnapshot } from '../snapshots/store.ts';
import { changeVolume, getVolume, lockVolume } from '../volumes/store.ts';

interface Rows {
  get(db: Knex, caller: Caller, id: string): Promise<{ readonly metadata: Metadata }>;
  lock(tx: Knex, id: string): Promise<unknown>;
  change(tx: Knex, id: string, change: { readonly metadata: Metadata }): Promise<unknown>;
}

const headers = (found: Metadata, version: Version): Record<string, string> =>
  atLeast(version, '3.15') ? { etag: createHash('md5').update(JSON.stringify(found)).digest('hex') } : {};

function metadataOf(noun: string, { get, lock, change }: Rows, [add, remove]: readonly [string, string]) {
  const name = noun.toLowerCase();
  const [read, update] = [`volume:get_${name}_metadata`, `volume:update_${name}_metadata`];
  return metadata<Volumes>({
    path: `/${name}s/:id/metadata`,
    rules: { list: read, show: read, add, replace: update, set: update, remove },
    removed: ok(undefined),
    missing: (id, key) => new Fault(404, 'notFound', `${noun} ${id} has no metadata with key ${key}.`),
    read: async ({ db }, { caller, params }) => (await get(db, caller, params.id)).metadata,
    change: ({ db }, { caller, params: { id } }, changed) =>
      db.transaction(async (tx) => {
        await lock(tx, id);
        const after = changed((await get(tx, caller, id)).metadata);
        await change(tx, id, { metadata: after });
        return after;
      }),
    headers,
  });
}

export const metadataRoutes: Route<Volumes>[] = [
  ...metadataOf('Volume', { get: getVolume, lock: lockVolume, change: changeVolume }, [
    'volume:create_volume_metadata',
    'volume:delete_volume_metadata',
  ]),
  ...metadataOf('Snapshot', { get: getSnapshot, lock: lockSnapshot, change: changeSnapshot }, [
    'volume:update_snapshot_metadata',
    'volume:delete_snapshot_metadata',
  ]),
];
