import type { Knex } from 'knex';
import type { BackupResult } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Backup, backupRows } from '../backups/resource.ts';
import { isShared } from '../backups/store.ts';
import type { Volumes } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import { copyKey, destroyKey } from '../keys/store.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { publicReason } from './reasons.ts';
import { releaseVolume } from './volume-status.ts';

interface OnBackup {
  readonly backupId: string;
}
interface Restore extends OnBackup {
  readonly volumeId: string;
}

const hours = 3_600_000;

/** Of a volume in use a snapshot is stored, which is removed afterwards. */
export const createBackup = workflow<OnBackup, Volumes>({
  name: 'create-backup',
  deadlineMs: 12 * hours,
  steps: [
    step('take-snapshot', takeSnapshot, dropSnapshot),
    step('store-bytes', storeBytes, dropBytes),
    step('drop-snapshot', dropSnapshot),
  ],
  done: async (tx, { backupId: id }, run) => {
    const { objectCount } = run.result<BackupResult>('store-bytes');
    const backup = await backupRows.find(tx, { id, taskId: run.taskId });
    if (!backup) return;
    await backupRows.update(tx, { id, taskId: run.taskId }, { status: 'available', objectCount, taskId: null });
    await releaseVolume(tx, { id: backup.volumeId, taskId: run.taskId });
  },
  failed: async (tx, { backupId: id }, run, reason) => {
    const backup = await failBackup(tx, id, run, { reason, event: 'backup', status: 'error' });
    if (backup) await releaseVolume(tx, { id: backup.volumeId, taskId: run.taskId });
  },
});

interface Failure {
  readonly reason: string;
  readonly event: Parameters<typeof recordFailure>[1];
  readonly status: Backup['status'];
}

async function failBackup(tx: Knex, id: string, run: Run, { reason, event, status }: Failure) {
  const backup = await backupRows.find(tx, { id, taskId: run.taskId });
  if (!backup) return undefined;
  const about = { projectId: backup.projectId, resourceId: id, resourceType: 'VOLUME_BACKUP' } as const;
  await recordFailure(tx, event, about, run, reason);
  const change = { status, failReason: publicReason(reason), restoringId: null, taskId: null } as const;
  await backupRows.update(tx, { id, taskId: run.taskId }, change);
  return backup;
}

/** A snapshot whose id is the backup's, where the volume may be written to meanwhile. */
async function takeSnapshot({ db, copiers }: Volumes, { backupId }: OnBackup, run: Run): Promise<boolean> {
  const { volumeId, host, snapshotId } = await backupRows.expect(db, { id: backupId, taskId: run.taskId });
  if (snapshotId !== null) return false;
  const volume = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  if (volume.previousStatus !== 'in-use') return false;
  await copiers.on(host ?? '', run).ensureSnapshot({ id: backupId, volumeId });
  return true;
}

async function dropSnapshot({ db, hosts }: Volumes, { backupId: id }: OnBackup, run: Run): Promise<void> {
  const backup = await backupRows.find(db, { id, taskId: run.taskId });
  if (!backup?.host || backup.snapshotId !== null) return;
  await ignoreHostAway(hosts.on(backup.host, run).ensureSnapshotGone({ id, volumeId: backup.volumeId }));
}

async function storeBytes({ db, copiers }: Volumes, { backupId: id }: OnBackup, run: Run): Promise<BackupResult> {
  const backup = await backupRows.expect(db, { id, taskId: run.taskId });
  const { host, volumeId, container, storedAs, parentId } = backup;
  const parent = parentId === null ? null : (await backupRows.expect(db, { id: parentId })).storedAs;
  const snapshotId = backup.snapshotId ?? (run.result<boolean>('take-snapshot') ? id : null);
  return copiers.on(host ?? '', run).ensureBackup({ id, volumeId, snapshotId, container, storedAs, parent });
}

async function dropBytes({ db, hosts }: Volumes, { backupId: id }: OnBackup, run: Run): Promise<void> {
  const backup = await backupRows.find(db, { id, taskId: run.taskId });
  if (!backup?.host) return;
  const { container, storedAs } = backup;
  await ignoreHostAway(hosts.on(backup.host, run).ensureBackupGone({ id, container, storedAs }));
}

/** Also ends the work of a create that it cancelled: the snapshot, and the status of the volume. */
export const deleteBackup = workflow<OnBackup, Volumes>({
  name: 'delete-backup',
  deadlineMs: 12 * hours,
  steps: [step('drop-snapshot', dropSnapshot), step('remove-bytes', removeBytes)],
  done: async (tx, { backupId: id }, { taskId }) => {
    const backup = await backupRows.find(tx, { id, taskId });
    if (!backup) return;
    await backupRows.remove(tx, { id, taskId });
    await destroyKey(tx, backup.encryptionKeyId);
    await releaseVolumes(tx, backup, taskId);
  },
  failed: async (tx, { backupId: id }, run, reason) => {
    const backup = await failBackup(tx, id, run, { reason, event: 'deleteBackup', status: 'error_deleting' });
    if (backup) await releaseVolumes(tx, backup, run.taskId);
  },
});

/** Of a create or a restore that the deletion has cancelled: the restored one has part of the data. */
async function releaseVolumes(tx: Knex, { volumeId, restoringId }: Backup, taskId: string): Promise<void> {
  await releaseVolume(tx, { id: volumeId, taskId, status: 'backing-up' });
  if (restoringId === null) return;
  const from = { id: restoringId, taskId, status: ['restoring-backup', 'creating'] } as const;
  await volumeRows.update(tx, from, { status: 'error_restoring', taskId: null });
}

/** Objects that an imported backup has, too, stay. */
async function removeBytes(service: Volumes, { backupId: id }: OnBackup, run: Run): Promise<void> {
  const { db, hosts } = service;
  const backup = await backupRows.expect(db, { id, taskId: run.taskId });
  if (await isShared(db, backup)) return;
  const { container, storedAs } = backup;
  await ignoreHostAway(hosts.on(await backupHost(service, backup), run).ensureBackupGone({ id, container, storedAs }));
}

/** Its own host, or another one that makes backups. */
async function backupHost({ db }: Volumes, { host }: Backup): Promise<string> {
  const able = (await listHosts(db)).filter(({ report }) => report.backups !== undefined);
  const found = able.find(({ name }) => name === host) ?? able.find(({ enabled }) => enabled);
  if (!found) throw new Fault(503, 'serviceUnavailable', 'No storage host makes backups.');
  return found.name;
}

/** Replaces the data of a volume by that of the backup. */
export const restoreBackup = workflow<Restore, Volumes>({
  name: 'restore-backup',
  deadlineMs: 12 * hours,
  steps: [step('replace-bytes', replaceBytes)],
  done: async (tx, { volumeId }, { taskId }) => {
    const backup = await releaseBackup(tx, taskId);
    if (!backup) return;
    const { bootable, imageMetadata } = backup.ofVolume;
    const encryptionKeyId = await keyAfterRestore(tx, backup, { volumeId, taskId });
    const change = { status: 'available', bootable, imageMetadata, encryptionKeyId, taskId: null } as const;
    await volumeRows.update(tx, { id: volumeId, taskId }, change);
  },
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await volumeRows.find(tx, { id: volumeId, taskId: run.taskId });
    if (volume) await recordFailure(tx, 'restore', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, { status: 'error_restoring', taskId: null });
    await releaseBackup(tx, run.taskId);
  },
});

/** The data have the key of the backup from now on. */
async function keyAfterRestore(
  tx: Knex,
  { encryptionKeyId }: Backup,
  { volumeId: id, taskId }: { readonly volumeId: string; readonly taskId: string },
): Promise<string | null> {
  const volume = await volumeRows.find(tx, { id, taskId });
  if (encryptionKeyId === null || !volume) return null;
  await destroyKey(tx, volume.encryptionKeyId);
  return copyKey(tx, encryptionKeyId, volume);
}

async function replaceBytes({ db, copiers }: Volumes, { backupId, volumeId }: Restore, run: Run): Promise<void> {
  const { container, storedAs } = await backupRows.expect(db, { id: backupId, taskId: run.taskId });
  const { host, sizeGb } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  const source = { kind: 'backup', container, storedAs } as const;
  await copiers.on(host ?? '', run).restoreVolume({ id: volumeId, sizeGb, source });
}

/** The backup that a restore of this task reads, available again; undefined when there is none. */
export async function releaseBackup(tx: Knex, taskId: string): Promise<Backup | undefined> {
  const backup = await backupRows.find(tx, { taskId, status: 'restoring' });
  if (backup)
    await backupRows.update(tx, { id: backup.id, taskId }, { status: 'available', restoringId: null, taskId: null });
  return backup;
}

/** From creating to available, once a storage host has found its data. */
export const importBackup = workflow<OnBackup, Volumes>({
  name: 'import-backup',
  deadlineMs: 10 * 60_000,
  steps: [step('find-bytes', findBytes)],
  done: (tx, { backupId: id }, { taskId, result }) =>
    backupRows.update(tx, { id, taskId }, { status: 'available', host: result<string>('find-bytes'), taskId: null }),
  failed: (tx, { backupId }, run, reason) =>
    failBackup(tx, backupId, run, { reason, event: 'importBackup', status: 'error' }),
});

async function findBytes(service: Volumes, { backupId: id }: OnBackup, run: Run): Promise<string> {
  const backup = await backupRows.expect(service.db, { id, taskId: run.taskId });
  const { container, storedAs, sizeGb } = backup;
  const host = await backupHost(service, backup);
  const { sizeBytes } = await service.hosts.on(host, run).findBackup({ id, container, storedAs });
  if (sizeBytes > sizeGb * 2 ** 30)
    throw new Fault(400, 'badRequest', `The data of the backup has more than the ${sizeGb} GiB of its record.`);
  return host;
}
