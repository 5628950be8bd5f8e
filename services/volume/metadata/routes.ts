/** Metadata of volumes and snapshots. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ok, type Route } from '#shared/http/route.ts';
import type { Finding } from '#shared/resource/actions.ts';
import { type Metadata, metadata } from '#shared/resource/metadata.ts';
import type { Table } from '#shared/resource/table.ts';
import type { Volumes } from '../context.ts';
import { permitted } from '../listing/scope.ts';
import { allowedBy } from '../listing/store.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { volumeRows } from '../volumes/resource.ts';

const headers = (found: Metadata, version: Version): Record<string, string> =>
  atLeast(version, '3.15') ? { etag: createHash('md5').update(JSON.stringify(found)).digest('hex') } : {};

type Rows = Pick<
  Table<{ readonly id: string; readonly projectId: string; readonly metadata: Metadata }>,
  'get' | 'lock' | 'update'
>;

function metadataOf(noun: string, rows: Rows, get: string, [add, remove]: readonly [string, string]) {
  const name = noun.toLowerCase();
  const [read, update] = [`volume:get_${name}_metadata`, `volume:update_${name}_metadata`];
  const find = async (db: Knex, call: Finding) =>
    permitted(call, await rows.get(db, call.params.id, allowedBy(call.caller, get)));
  return metadata<Volumes>({
    path: `/${name}s/:id/metadata`,
    rules: { list: read, show: read, add, replace: update, set: update, remove },
    removed: ok(undefined),
    missing: (id, key) => new Fault(404, 'notFound', `${noun} ${id} has no metadata with key ${key}.`),
    read: async ({ db }, call) => (await find(db, call)).metadata,
    change: ({ db }, call, change) =>
      db.transaction(async (tx) => {
        const { id } = call.params;
        await rows.lock(tx, id);
        const after = change((await find(tx, call)).metadata);
        await rows.update(tx, { id }, { metadata: after });
        return after;
      }),
    headers,
  });
}

export const metadataRoutes: Route<Volumes>[] = [
  ...metadataOf('Volume', volumeRows, 'volume:get', ['volume:create_volume_metadata', 'volume:delete_volume_metadata']),
  ...metadataOf('Snapshot', snapshotRows, 'volume:get_snapshot', [
    'volume:update_snapshot_metadata',
    'volume:delete_snapshot_metadata',
  ]),
];
