/** What the commands of `deploy` may use of this service without its running processes. */
import type { Knex } from 'knex';
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { VolumeReport } from '#shared/contracts/volume-agent.ts';
import { listHeldReports } from '#shared/db/hold.ts';
import { openDatabase } from '#shared/db/open.ts';
import { type Comparison, compareHosts, type OnHost } from '#shared/hosts/compare.ts';
import { attachmentRows } from './attachments/resource.ts';
import { section } from './config.ts';
import { snapshotRows } from './snapshots/resource.ts';
import { volumeRows } from './volumes/resource.ts';

export const openRows = (settings: Settings) =>
  openDatabase(settings.read('volume', section).database || databaseOf(readCloud(settings), 'volume'));

/** The volumes, snapshots and exports of storage hosts against the rows of a restored database. */
export async function compareRestored(settings: Settings): Promise<Comparison> {
  const db = openRows(settings);
  try {
    const reports = await listHeldReports<VolumeReport>(db);
    const found = [...reports].flatMap(([host, { stored }]) =>
      stored ? [[host, thingsOf(host, stored)] as const] : [],
    );
    return compareHosts(await wantedOf(db), new Map(found));
  } finally {
    await db.destroy();
  }
}

const thingsOf = (host: string, { volumes, snapshots, exports }: NonNullable<VolumeReport['stored']>): OnHost[] => [
  ...volumes.map((id) => ({ kind: 'volume', id, host })),
  ...snapshots.map((id) => ({ kind: 'snapshot', id, host })),
  ...exports.map((id) => ({ kind: 'export of volume', id, host })),
];

/** Rows in these states have their bytes for certain. */
const whole = new Set([
  'available',
  'in-use',
  'reserved',
  'attaching',
  'detaching',
  'uploading',
  'downloading',
  'backing-up',
]);

async function wantedOf(db: Knex): Promise<OnHost[]> {
  const onHosts = (kind: string, rows: readonly { id: string; host: string | null; status: string }[]): OnHost[] =>
    rows.flatMap(({ id, host, status }) => (host === null ? [] : [{ kind, id, host, mayLack: !whole.has(status) }]));
  const volumes = await volumeRows.list(db, {});
  const attached = new Map(
    (await attachmentRows.list(db, {})).flatMap(({ volumeId, target }) => (target ? [[volumeId, target]] : [])),
  );
  return [
    ...onHosts('volume', volumes),
    ...onHosts('snapshot', await snapshotRows.list(db, {})),
    ...onHosts(
      'export of volume',
      volumes.filter(({ id }) => attached.has(id)),
    ),
  ];
}
