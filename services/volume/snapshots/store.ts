import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { notFound } from '#shared/errors/fault.ts';
import { acquire, type Owned, updateOwned } from '#shared/states/owned.ts';
import type { TypeUse } from '../volumes/store.ts';
import { type SnapshotStatus, snapshotTransitions } from './states.ts';

export interface Snapshot extends Owned {
  readonly projectId: string;
  readonly userId: string;
  readonly volumeId: string;
  readonly typeId: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly sizeGb: number;
  readonly status: SnapshotStatus;
  readonly progress: string;
  readonly host: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

const toRow = (snapshot: Partial<Snapshot>): Record<string, unknown> => ({
  ...snapshot,
  ...(snapshot.metadata === undefined ? {} : { metadata: JSON.stringify(snapshot.metadata) }),
});

export const snapshotOf = (row: Record<string, unknown>): Snapshot =>
  ({
    ...row,
    metadata: JSON.parse(String(row.metadata)),
    createdAt: Number(row.createdAt),
    updatedAt: row.updatedAt === null ? null : Number(row.updatedAt),
  }) as unknown as Snapshot;

export const insertSnapshot = (tx: Knex, snapshot: Snapshot) => tx('snapshots').insert(toRow(snapshot));
export const removeSnapshot = (tx: Knex, owned: Owned) =>
  tx('snapshots')
    .where({ ...owned })
    .delete();
export const removeSnapshotsOf = (tx: Knex, volumeId: string) => tx('snapshots').where({ volumeId }).delete();

/** Throws 404 for a snapshot of another project, unless the caller is an administrator. */
export async function getSnapshot(db: Knex, caller: Caller, id: string): Promise<Snapshot> {
  const snapshot = await findSnapshot(db, id);
  if (!snapshot || (!isAdmin(caller) && snapshot.projectId !== caller.projectId)) throw notFound('Snapshot', id);
  return snapshot;
}

export async function findSnapshot(db: Knex, id: string): Promise<Snapshot | undefined> {
  const row = await db('snapshots').where({ id }).first();
  return row ? snapshotOf(row) : undefined;
}

/** Reads and locks the row until the end of the transaction. */
export async function lockSnapshot(tx: Knex, id: string): Promise<Snapshot | undefined> {
  const row = await tx('snapshots').where({ id }).forUpdate().first();
  return row ? snapshotOf(row) : undefined;
}

export async function getOwnedSnapshot(db: Knex, { id, taskId }: Owned): Promise<Snapshot> {
  const snapshot = await findSnapshot(db, id);
  if (!snapshot || snapshot.taskId !== taskId) throw new Error(`snapshot ${id} does not belong to task ${taskId}`);
  return snapshot;
}

export const listSnapshotsOf = async (db: Knex, volumeId: string): Promise<Snapshot[]> =>
  (await db('snapshots').where({ volumeId })).map(snapshotOf);

export const acquireSnapshot = (tx: Knex, verb: keyof typeof snapshotTransitions, owned: Owned): Promise<boolean> =>
  acquire<Snapshot>(tx, 'snapshots', owned, snapshotTransitions[verb]);

const updateOwnedSnapshot = (tx: Knex, owned: Owned, change: Partial<Snapshot>) =>
  updateOwned<Snapshot>(tx, 'snapshots', owned, toRow({ ...change, updatedAt: Date.now() }) as Partial<Snapshot>);

export const releaseSnapshot = (tx: Knex, owned: Owned, change: Partial<Snapshot>) =>
  updateOwnedSnapshot(tx, owned, { ...change, taskId: null });

export const changeSnapshot = (tx: Knex, id: string, change: Partial<Snapshot>) =>
  tx('snapshots')
    .where({ id })
    .update(toRow({ ...change, updatedAt: Date.now() }));

/** Usage of a project per volume type, for its quota. */
export async function snapshotsByType(tx: Knex, projectId: string): Promise<readonly TypeUse[]> {
  const rows: TypeUse[] = await tx('snapshots')
    .where({ projectId })
    .groupBy('typeId')
    .select('typeId', tx.raw('count(*) as count, sum(size_gb) as gigabytes'));
  return rows.map(({ typeId, count, gigabytes }) => ({ typeId, count: Number(count), gigabytes: Number(gigabytes) }));
}

export const listOrphanSnapshots = async (db: Knex): Promise<Snapshot[]> =>
  (
    await db('snapshots')
      .whereIn('status', ['creating', 'deleting'])
      .where((q) => q.whereNull('taskId').orWhereNotIn('taskId', db('tasks').select('id')))
  ).map(snapshotOf);
