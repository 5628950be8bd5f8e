import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type Backup, backupRows } from './resource.ts';
import { backupTransitions } from './states.ts';

/** Throws 404 for a backup that the caller may not see. */
export const getBackup = (db: Knex, caller: Caller, id: string): Promise<Backup> =>
  backupRows.get(db, id, allowedBy(caller, 'backup:get'));

export const acquireBackup = (tx: Knex, verb: keyof typeof backupTransitions, owned: Owned): Promise<boolean> =>
  acquire<Backup>(tx, 'backups', owned, backupTransitions[verb]);

/** Of these backups, those that incremental ones add to. */
export const listParents = async (db: Knex, ids: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set(await db('backups').whereIn('parentId', ids).distinct().pluck('parentId'));

/** The newest backup of the volume that an incremental one can add to. */
export async function findNewest(db: Knex, volumeId: string, projectId: string): Promise<Backup | undefined> {
  const usable = db('backups').where({ volumeId, projectId }).whereIn('status', ['available', 'restoring']);
  const stored: object | undefined = await usable.orderBy('dataAt', 'desc').orderBy('id').first();
  return stored && backupRows.read(stored);
}

/** Whether another backup has the same objects: an imported one. */
export const isShared = async (db: Knex, { id, storedAs }: Backup): Promise<boolean> =>
  (await db('backups').where({ storedAs }).whereNot({ id }).first('id')) !== undefined;

/** Number and gigabytes of a project's backups. */
export async function backupUsage(db: Knex, projectId: string) {
  const [sums] = await db('backups').where({ projectId }).count({ count: '*' }).sum({ sizeGb: 'sizeGb' });
  return { backups: Number(sums?.count ?? 0), backup_gigabytes: Number(sums?.sizeGb ?? 0) };
}
