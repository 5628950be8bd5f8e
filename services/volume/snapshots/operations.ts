import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { taskCancelled, tasksWait, type Volumes } from '../context.ts';
import { requireThawed } from '../hosts/store.ts';
import { lockProject, reserveQuota } from '../quotas/operations.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { refuseWhileCopied, requireOnlineCopies } from '../volumes/source.ts';
import { getVolume } from '../volumes/store.ts';
import { unmanage as unmanaging } from '../workflows/manage.ts';
import { createSnapshot as making, deleteSnapshot as removing } from '../workflows/snapshots.ts';
import { type NewSnapshot, type Snapshot, snapshotRows } from './resource.ts';
import { resettable, type SnapshotStatus } from './states.ts';
import { acquireSnapshot } from './store.ts';

/** Inserts the snapshot and its task in one transaction. */
export async function createSnapshot(
  service: Volumes,
  caller: Caller,
  { force: _, ...input }: NewSnapshot,
  allowInUse: boolean,
): Promise<Snapshot> {
  const { db, bus } = service;
  const volume = await getVolume(db, caller, input.volumeId ?? 'None');
  authorize(caller, 'volume:create_snapshot', { project_id: volume.projectId });
  await requireThawed(db, volume.host);
  const allowed = allowInUse ? ['available', 'in-use'] : ['available'];
  if (allowInUse && volume.status === 'in-use') await requireOnlineCopies(db, volume);
  const snapshot = await db.transaction(async (tx) => {
    const projectId = projectOf(caller);
    await lockProject(tx, projectId);
    const now = await volumeRows.lock(tx, volume.id); // a concurrent delete waits, and then finds the snapshot
    if (!now || !allowed.includes(now.status)) throw wrongStatus(volume, allowed, now?.status ?? 'deleted');
    await reserveQuota(tx, { projectId, typeId: now.typeId, snapshots: 1, gigabytes: now.sizeGb });
    const id = randomUUID();
    const taskId = await enqueue(tx, making, { snapshotId: id }, caller.requestId);
    const row = newSnapshot(caller, now, input, { id, taskId });
    await snapshotRows.insert(tx, row);
    return row;
  });
  bus.notify(tasksWait);
  return snapshot;
}

const wrongStatus = ({ id }: Volume, allowed: readonly string[], status: string) =>
  badRequest(`Invalid volume: Volume ${id} status must be ${allowed.join(', ')}, but current status is: ${status}.`);

export const newSnapshot = (
  caller: Caller,
  volume: Volume,
  input: Omit<NewSnapshot, 'force'>,
  owned: { id: string; taskId: string },
): Snapshot => ({
  ...owned,
  projectId: projectOf(caller),
  userId: caller.userId,
  ...input,
  volumeId: volume.id,
  typeId: volume.typeId,
  sizeGb: volume.sizeGb,
  status: 'creating',
  progress: '0%',
  host: volume.host,
  groupSnapshotId: null,
  createdAt: Date.now(),
  updatedAt: null,
});

export async function deleteSnapshot(
  { db, bus }: Volumes,
  caller: Caller,
  { id, host, groupSnapshotId }: Snapshot,
  force: boolean,
): Promise<void> {
  if (groupSnapshotId !== null) throw cannotDelete();
  await requireThawed(db, host);
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, removing, { snapshotId: id }, caller.requestId);
    if (!(await acquireSnapshot(tx, force ? 'forceDelete' : 'delete', { id, taskId }))) throw cannotDelete();
    if (!force) await refuseWhileCopied(tx, { snapshotId: id }, `Invalid snapshot: Snapshot ${id}`);
  });
  if (force) bus.notify(taskCancelled);
  bus.notify(tasksWait);
}

/** Its data stay in the pool. */
export async function unmanageSnapshot({ db, bus }: Volumes, { id, host, groupSnapshotId }: Snapshot, caller: Caller) {
  if (groupSnapshotId !== null) throw cannotDelete();
  await requireThawed(db, host);
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, unmanaging, { id, as: 'snapshot' }, caller.requestId);
    if (!(await acquireSnapshot(tx, 'unmanage', { id, taskId }))) throw cannotDelete();
    await refuseWhileCopied(tx, { snapshotId: id }, `Invalid snapshot: Snapshot ${id}`);
  });
  bus.notify(tasksWait);
}

const cannotDelete = () =>
  badRequest('Invalid snapshot: Snapshot status must be available or error and must not be part of a group.');

/** Sets the status without any check of the current one. */
export async function resetSnapshot(
  { db }: Volumes,
  { id }: Snapshot,
  { status }: { readonly status: string },
): Promise<void> {
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for snapshot, not '${status}'.`);
  await snapshotRows.update(db, { id }, { status: status as SnapshotStatus });
}

/** The statuses that an external driver may report, by the current status. */
const reportable: Readonly<Record<string, readonly string[]>> = {
  creating: ['creating', 'available', 'error'],
  deleting: ['deleting', 'error_deleting'],
};

export async function reportSnapshot(
  { db }: Volumes,
  { id, status: now }: Snapshot,
  { status, progress }: { readonly status: string; readonly progress?: string },
): Promise<void> {
  const allowed = own(reportable, now);
  if (!allowed) throw badRequest(`Snapshot status ${now} not allowed for update_snapshot_status`);
  if (!allowed.includes(status))
    throw badRequest(`Provided snapshot status ${status} not allowed for snapshot with status ${now}.`);
  await snapshotRows.update(db, { id }, { status: status as SnapshotStatus, ...(progress ? { progress } : {}) });
}
