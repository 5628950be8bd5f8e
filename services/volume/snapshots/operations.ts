import { randomUUID } from 'node:crypto';
import { projectOf, type Who } from '#shared/auth/who.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { requireThawed } from '../hosts/store.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { takeTurn } from '../quotas/store.ts';
import { trimmed } from '../volumes/create.ts';
import { refuseWhileCopied, requireOnlineCopies } from '../volumes/source.ts';
import { findVolume, lockVolume, type Volume } from '../volumes/store.ts';
import { createSnapshot as making, deleteSnapshot as removing } from '../workflows/snapshots.ts';
import { resettable, type SnapshotStatus } from './states.ts';
import { changeSnapshot, findSnapshot, insertSnapshot, type Snapshot, takeSnapshot } from './store.ts';

export interface SnapshotWish {
  readonly volume_id: string | null;
  readonly name?: string | null;
  readonly display_name?: string | null;
  readonly description?: string | null;
  readonly display_description?: string | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/** Records the snapshot and the work of making it: both, or neither. */
export async function createSnapshot(
  service: Volumes,
  who: Who,
  wish: SnapshotWish,
  allowInUse: boolean,
): Promise<Snapshot> {
  const { db, bus } = service;
  const volume = await findVolume(db, who, wish.volume_id ?? 'None');
  await requireThawed(db, volume.host);
  const allowed = allowInUse ? ['available', 'in-use'] : ['available'];
  if (allowInUse && volume.status === 'in-use') await requireOnlineCopies(db, volume);
  const snapshot = await db.transaction(async (tx) => {
    const projectId = projectOf(who);
    await takeTurn(tx, projectId);
    const now = await lockVolume(tx, volume.id); // who deletes it meanwhile waits, and sees the snapshot
    if (!now || !allowed.includes(now.status)) throw wrongStatus(volume, allowed, now?.status ?? 'deleted');
    await reserveQuota(tx, { projectId, typeId: now.typeId, snapshots: 1, gigabytes: now.sizeGb });
    const id = randomUUID();
    const taskId = await enqueue(tx, making, { snapshotId: id }, who.requestId);
    const fresh = newSnapshot(who, now, wish, { id, taskId });
    await insertSnapshot(tx, fresh);
    return fresh;
  });
  bus.hint(tasksWait);
  return snapshot;
}

const wrongStatus = ({ id }: Volume, allowed: readonly string[], status: string) =>
  badRequest(`Invalid volume: Volume ${id} status must be ${allowed.join(', ')}, but current status is: ${status}.`);

const newSnapshot = (
  who: Who,
  volume: Volume,
  wish: SnapshotWish,
  owned: { id: string; taskId: string },
): Snapshot => ({
  ...owned,
  projectId: projectOf(who),
  userId: who.userId,
  volumeId: volume.id,
  typeId: volume.typeId,
  name: trimmed(wish.name ?? wish.display_name),
  description: trimmed(wish.description ?? wish.display_description),
  sizeGb: volume.sizeGb,
  status: 'creating',
  progress: '0%',
  host: volume.host,
  metadata: wish.metadata ?? {},
  createdAt: Date.now(),
  updatedAt: null,
});

export async function deleteSnapshot(service: Volumes, who: Who, id: string, force: boolean): Promise<void> {
  const { db, bus } = service;
  await requireThawed(db, (await findSnapshot(db, who, id)).host);
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, removing, { snapshotId: id }, who.requestId);
    if (!(await takeSnapshot(tx, force ? 'forceDelete' : 'delete', { id, taskId })))
      throw badRequest('Invalid snapshot: Snapshot status must be available or error and must not be part of a group.');
    if (!force) await refuseWhileCopied(tx, { snapshotId: id }, `Invalid snapshot: Snapshot ${id}`);
  });
  bus.hint(tasksWait);
}

/** An administrator's word counts as it is said. */
export async function resetSnapshot({ db }: Volumes, who: Who, id: string, status: string): Promise<void> {
  await findSnapshot(db, who, id);
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for snapshot, not '${status}'.`);
  await changeSnapshot(db, id, { status: status as SnapshotStatus });
}

/** What a driver outside says of its own work, while a snapshot is under way. */
const tellable: Readonly<Record<string, readonly string[]>> = {
  creating: ['creating', 'available', 'error'],
  deleting: ['deleting', 'error_deleting'],
};

export async function tellSnapshot(
  { db }: Volumes,
  who: Who,
  id: string,
  { status, progress }: { readonly status: string; readonly progress?: string },
): Promise<void> {
  const now = (await findSnapshot(db, who, id)).status;
  const allowed = own(tellable, now);
  if (!allowed) throw badRequest(`Snapshot status ${now} not allowed for update_snapshot_status`);
  if (!allowed.includes(status))
    throw badRequest(`Provided snapshot status ${status} not allowed for snapshot with status ${now}.`);
  await changeSnapshot(db, id, { status: status as SnapshotStatus, ...(progress ? { progress } : {}) });
}
