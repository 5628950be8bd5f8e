import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { taskCancelled, tasksWait, type Volumes } from '../context.ts';
import { isSameKey } from '../keys/store.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { createVolume } from '../volumes/create.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { acquireVolume, getVolume } from '../volumes/store.ts';
import { deleteBackup as deleting, restoreBackup as restoring } from '../workflows/backups.ts';
import { type Backup, type BackupChange, backupRows } from './resource.ts';
import { type BackupStatus, resettable } from './states.ts';
import { acquireBackup, listParents } from './store.ts';

const invalidBackup = (why: string) => badRequest(`Invalid backup: ${why}`);

export async function updateBackup({ db }: Volumes, { id }: Backup, change: BackupChange): Promise<Backup> {
  if (Object.keys(change).length === 0) throw badRequest('Missing updatable parameters in request body.');
  await backupRows.update(db, { id }, change);
  return backupRows.expect(db, { id });
}

/** With `force` from any status: a backup that is being created is cancelled. */
export async function deleteBackup(
  { db, bus }: Volumes,
  caller: Caller,
  { id }: Backup,
  force: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    const former = await backupRows.lock(tx, id);
    const taskId = await enqueue(tx, deleting, { backupId: id }, caller.requestId);
    if ((await listParents(tx, [id])).size > 0) throw invalidBackup('Incremental backups exist for this backup.');
    if (!(await acquireBackup(tx, force ? 'forceDelete' : 'delete', { id, taskId })))
      throw invalidBackup('Backup status must be available or error');
    if (former?.taskId) await volumeRows.update(tx, { taskId: former.taskId }, { taskId });
  });
  if (force) bus.notify(taskCancelled);
  bus.notify(tasksWait);
}

/** Sets the status of a backup that no task owns. */
export async function resetBackup(
  { db }: Volumes,
  { id }: Backup,
  { status }: { readonly status: string },
): Promise<void> {
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for backup, not '${status}'.`);
  if (!(await backupRows.update(db, { id, taskId: null }, { status: status as BackupStatus })))
    throw invalidBackup(`Backup ${id} is owned by a task: force its deletion to cancel that.`);
}

export interface RestoreInput {
  readonly volume_id?: string | null;
  readonly name?: string | null;
}

/** Into a new volume, or over the data of an available one. Returns the volume. */
export async function restoreBackup(
  service: Volumes,
  caller: Caller,
  backup: Backup,
  { volume_id: volumeId, name }: RestoreInput,
): Promise<Volume> {
  if (backup.status !== 'available')
    throw invalidBackup(`Backup status must be available, but it is ${backup.status}.`);
  if (!volumeId) {
    const named = { name: name || `restore_backup_${backup.id}`, description: backup.description };
    return createVolume(service, caller, { ...named, sizeGb: backup.sizeGb, backupId: backup.id });
  }
  const volume = await getVolume(service.db, caller, volumeId);
  if (volume.status !== 'available') throw badRequest('Invalid volume: Volume to be restored to must be available');
  if (volume.sizeGb < backup.sizeGb)
    throw badRequest(
      `Invalid volume: volume size ${volume.sizeGb} is too small to restore backup of size ${backup.sizeGb}.`,
    );
  await restoreOver(service, caller, backup, volume);
  return volume;
}

/** Ciphertext comes with its key. Snapshots have that of their volume, so a volume that has some keeps its own. */
async function requireSameEncryption(tx: Volumes['db'], backup: Backup, volume: Volume): Promise<void> {
  const [ofBackup, ofVolume] = [backup.encryptionKeyId, volume.encryptionKeyId];
  if ((ofBackup === null) !== (ofVolume === null))
    throw badRequest(
      `Invalid volume: Backup ${backup.id} is ${ofBackup === null ? 'not ' : ''}encrypted, in contrast to volume ${volume.id}.`,
    );
  if (ofBackup === null || ofVolume === null || (await isSameKey(tx, ofBackup, ofVolume))) return;
  if (await snapshotRows.find(tx, { volumeId: volume.id }))
    throw badRequest(`Invalid volume: Backup ${backup.id} has another key than the snapshots of volume ${volume.id}.`);
}

async function restoreOver({ db, bus }: Volumes, caller: Caller, backup: Backup, volume: Volume): Promise<void> {
  const { id } = backup;
  await db.transaction(async (tx) => {
    const params = { backupId: id, volumeId: volume.id };
    const taskId = await enqueue(tx, restoring, params, caller.requestId);
    if (!(await acquireBackup(tx, 'restore', { id, taskId }))) throw invalidBackup('Backup status must be available');
    if (!(await acquireVolume(tx, 'restore', { id: volume.id, taskId })))
      throw badRequest('Invalid volume: Volume to be restored to must be available');
    await requireSameEncryption(tx, backup, volume);
    await backupRows.update(tx, { id, taskId }, { restoringId: volume.id });
  });
  bus.notify(tasksWait);
}
