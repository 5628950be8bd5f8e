import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { groupTypeRows, isConsistent } from '../group-types/resource.ts';
import { groupRows } from '../groups/resource.ts';
import { getGroup, lockAvailable } from '../groups/store.ts';
import { requireThawed } from '../hosts/store.ts';
import { lockProject, reserveQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { acquireSnapshot } from '../snapshots/store.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { refuseWhileCopied, requireOnlineCopies } from '../volumes/source.ts';
import { createGroupSnapshot as making, deleteGroupSnapshot as removing } from '../workflows/groups.ts';
import { type GroupSnapshot, type GroupSnapshotStatus, groupSnapshotRows, type NewGroupSnapshot } from './resource.ts';
import { acquireGroupSnapshot } from './store.ts';

/** Inserts the group snapshot, a snapshot of each volume of the group, and their task, in one transaction. */
export async function createGroupSnapshot(
  service: Volumes,
  caller: Caller,
  input: NewGroupSnapshot,
): Promise<GroupSnapshot> {
  const { db, bus } = service;
  const group = await getGroup(db, caller, input.groupId);
  authorize(caller, 'group:create_group_snapshot', { project_id: group.projectId });
  const volumes = await volumeRows.list(db, { groupId: group.id });
  await refuseUnsafe(service, group.groupTypeId, volumes);
  const row = await db.transaction(async (tx) => {
    const projectId = projectOf(caller);
    await lockProject(tx, projectId);
    await lockAvailable(tx, group.id, 'snapshot');
    const id = randomUUID();
    const taskId = await enqueue(tx, making, { groupSnapshotId: id }, caller.requestId);
    for (const volume of await volumeRows.list(tx, { groupId: group.id }))
      await insertSnapshot(tx, caller, volume, { groupSnapshotId: id, taskId });
    const made: GroupSnapshot = {
      ...input,
      id,
      taskId,
      projectId,
      userId: caller.userId,
      groupTypeId: group.groupTypeId,
      status: 'creating',
      createdAt: Date.now(),
      updatedAt: null,
    };
    await groupSnapshotRows.insert(tx, made);
    return made;
  });
  bus.notify(tasksWait);
  return row;
}

/** Volumes that are written to meanwhile are copied one after the other: a consistent group is one whose volumes are not in use. */
async function refuseUnsafe({ db }: Volumes, groupTypeId: string, volumes: readonly Volume[]): Promise<void> {
  if (volumes.length === 0) throw badRequest('Invalid group: Group snapshot needs a group with volumes.');
  for (const { host } of volumes) await requireThawed(db, host);
  const used = volumes.filter(({ status }) => status === 'in-use');
  for (const volume of used) await requireOnlineCopies(db, volume);
  const type = await groupTypeRows.find(db, { id: groupTypeId });
  if (type && isConsistent(type) && used.length > 0)
    throw badRequest(
      `Invalid group: The group type promises consistent snapshots, which the storage makes only of volumes that are not in use: detach ${used.map(({ id }) => id).join(', ')}.`,
    );
}

async function insertSnapshot(
  tx: Volumes['db'],
  caller: Caller,
  { id: volumeId }: Volume,
  of: { readonly groupSnapshotId: string; readonly taskId: string },
): Promise<void> {
  const now = await volumeRows.lock(tx, volumeId);
  if (!now || now.taskId !== null || !['available', 'in-use'].includes(now.status))
    throw badRequest(`Invalid volume: Volume ${volumeId} is ${now?.status}: it cannot be part of a snapshot now.`);
  const { typeId, sizeGb, host } = now;
  await reserveQuota(tx, { projectId: projectOf(caller), typeId, snapshots: 1, gigabytes: sizeGb });
  await snapshotRows.insert(tx, {
    ...of,
    id: randomUUID(),
    projectId: projectOf(caller),
    userId: caller.userId,
    name: null,
    description: null,
    metadata: {},
    volumeId,
    typeId,
    sizeGb,
    host,
    status: 'creating',
    progress: '0%',
    createdAt: Date.now(),
    updatedAt: null,
  });
}

export async function deleteGroupSnapshot({ db, bus }: Volumes, caller: Caller, { id }: GroupSnapshot): Promise<void> {
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, removing, { groupSnapshotId: id }, caller.requestId);
    if (!(await acquireGroupSnapshot(tx, { id, taskId })))
      throw badRequest('Invalid group snapshot: status must be available or error.');
    if ((await groupRows.list(tx, { groupSnapshotId: id })).some(({ status }) => status === 'creating'))
      throw badRequest('Invalid group snapshot: a group is being created from it.');
    for (const { id: snapshotId } of await snapshotRows.list(tx, { groupSnapshotId: id })) {
      await refuseWhileCopied(tx, { snapshotId }, `Invalid group snapshot: Snapshot ${snapshotId}`);
      if (!(await acquireSnapshot(tx, 'delete', { id: snapshotId, taskId })))
        throw badRequest(`Invalid group snapshot: snapshot ${snapshotId} cannot be deleted now.`);
    }
  });
  bus.notify(tasksWait);
}

const resettable: readonly string[] = ['available', 'creating', 'deleting', 'error', 'error_deleting'];

export async function resetGroupSnapshot(
  { db }: Volumes,
  { id }: GroupSnapshot,
  { status }: { readonly status: string },
): Promise<void> {
  if (!resettable.includes(status))
    throw badRequest(`Must specify a valid status for group snapshot, not '${status}'.`);
  await groupSnapshotRows.update(db, { id }, { status: status as GroupSnapshotStatus });
}
