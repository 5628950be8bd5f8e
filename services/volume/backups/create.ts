import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import { copyKey } from '../keys/store.ts';
import { reserveBackupQuota } from '../quotas/operations.ts';
import type { Snapshot } from '../snapshots/resource.ts';
import { getSnapshot } from '../snapshots/store.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { requireOnlineCopies } from '../volumes/source.ts';
import { acquireVolume, getVolume } from '../volumes/store.ts';
import { createBackup as making } from '../workflows/backups.ts';
import { type Backup, backupRows, type NewBackup } from './resource.ts';
import { findNewest } from './store.ts';

const defaultContainer = 'volumebackups';
const invalidVolume = (why: string) => badRequest(`Invalid volume: ${why}`);

/** Inserts the backup, takes the volume into `backing-up`, and enqueues their task, in one transaction. */
export async function createBackup(service: Volumes, caller: Caller, input: NewBackup): Promise<Backup> {
  const { db, bus } = service;
  const volume = await getVolume(db, caller, input.volumeId);
  authorize(caller, 'backup:create', { project_id: volume.projectId });
  const snapshot = input.snapshotId ? await snapshotOf(service, caller, volume, input.snapshotId) : null;
  requireCopyable(volume, snapshot, input.force === true);
  if (snapshot === null && volume.status === 'in-use') await requireOnlineCopies(db, volume);
  await requireBackupHost(service, snapshot?.host ?? volume.host);
  const projectId = projectOf(caller);
  const parent = input.incremental ? await findNewest(db, volume.id, projectId) : null;
  if (parent === undefined) throw badRequest('Invalid backup: No backups available to do an incremental backup.');
  const backup = await db.transaction(async (tx) => {
    const id = randomUUID();
    await reserveBackupQuota(tx, projectId, volume.sizeGb);
    if (parent && (await backupRows.lock(tx, parent.id))?.status === 'deleting')
      throw badRequest(`Invalid backup: Backup ${parent.id}, which this one adds to, is being deleted.`);
    const taskId = await enqueue(tx, making, { backupId: id }, caller.requestId);
    await acquireSource(tx, volume, snapshot, taskId);
    const key = volume.encryptionKeyId;
    const encryptionKeyId = key && (await copyKey(tx, key, { projectId }));
    const row = { ...newBackup(caller, { volume, snapshot, parent, input, id, taskId }), encryptionKeyId };
    await backupRows.insert(tx, row);
    return row;
  });
  bus.notify(tasksWait);
  return backup;
}

async function snapshotOf({ db }: Volumes, caller: Caller, volume: Volume, id: string): Promise<Snapshot> {
  const snapshot = await getSnapshot(db, caller, id);
  if (snapshot.volumeId !== volume.id)
    throw invalidVolume(`Volume ${volume.id} does not match with snapshot ${id}, which is of ${snapshot.volumeId}.`);
  if (snapshot.status !== 'available')
    throw badRequest(
      `Invalid snapshot: Snapshot to be backed up must be available, but the current status is "${snapshot.status}".`,
    );
  return snapshot;
}

function requireCopyable({ status }: Volume, snapshot: Snapshot | null, force: boolean): void {
  if (!['available', 'in-use'].includes(status))
    throw invalidVolume(`Volume to be backed up must be available or in-use, but the current status is "${status}".`);
  if (status === 'in-use' && snapshot === null && !force)
    throw invalidVolume('Backing up an in-use volume must use the force flag.');
}

/** Throws 503 when the host that has the data makes no backups. */
async function requireBackupHost({ db }: Volumes, host: string | null): Promise<void> {
  const found = (await listHosts(db)).find(({ name, report }) => name === host && report.backups !== undefined);
  if (!found) throw new Fault(503, 'serviceUnavailable', 'Service cinder-backup could not be found.');
}

/** A snapshot's data does not change: its volume stays as it is. */
async function acquireSource(
  tx: Volumes['db'],
  { id, status }: Volume,
  snapshot: Snapshot | null,
  taskId: string,
): Promise<void> {
  if (snapshot !== null) return;
  if (!(await acquireVolume(tx, 'backup', { id, taskId })))
    throw invalidVolume(`Volume ${id} is being changed already: try again when it is available or in-use.`);
  await volumeRows.update(tx, { id, taskId }, { previousStatus: status });
}

interface Parts {
  readonly volume: Volume;
  readonly snapshot: Snapshot | null;
  readonly parent: Backup | null;
  readonly input: NewBackup;
  readonly id: string;
  readonly taskId: string;
}

function newBackup(caller: Caller, { volume, snapshot, parent, input, id, taskId }: Parts): Backup {
  const now = Date.now();
  const { bootable, imageMetadata } = volume;
  return {
    id,
    taskId,
    projectId: projectOf(caller),
    userId: caller.userId,
    name: input.name ?? null,
    description: input.description ?? null,
    metadata: input.metadata ?? {},
    status: 'creating',
    volumeId: volume.id,
    snapshotId: snapshot?.id ?? null,
    parentId: parent?.id ?? null,
    restoringId: null,
    encryptionKeyId: null,
    sizeGb: volume.sizeGb,
    objectCount: 0,
    container: parent?.container ?? (input.container || defaultContainer),
    storedAs: id,
    host: snapshot?.host ?? volume.host,
    zone: input.zone ?? volume.zone,
    failReason: null,
    ofVolume: { bootable, imageMetadata },
    dataAt: snapshot?.createdAt ?? now,
    createdAt: now,
    updatedAt: null,
  };
}
