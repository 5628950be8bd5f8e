import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { groupSnapshotRows } from '../group-snapshots/resource.ts';
import { getGroupType } from '../group-types/operations.ts';
import { reserveGroupQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { findTypeByNameOrId } from '../types/store.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { acquireVolume } from '../volumes/store.ts';
import { deleteGroup as deleting } from '../workflows/groups.ts';
import { type Group, groupRows } from './resource.ts';
import { type GroupStatus, resettable } from './states.ts';
import { acquireGroup, lockAvailable } from './store.ts';

export interface GroupInput {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly group_type: string;
  readonly volume_types: readonly string[];
  readonly availability_zone?: string | null;
}

const invalidGroup = (why: string) => badRequest(`Invalid group: ${why}`);
const textOf = (text: string | null | undefined): string | null => text?.trim() ?? null;

/** A group of no volumes needs no work: it is available at once. */
export async function createGroup(service: Volumes, caller: Caller, input: GroupInput): Promise<Group> {
  const { db, config } = service;
  const { availability_zone: zone } = input;
  if (zone && zone !== config.zone) throw badRequest(`Invalid input received: Availability zone '${zone}' is invalid.`);
  const type = await getGroupType(service, caller, input.group_type);
  const types = await Promise.all(input.volume_types.map((word) => findTypeByNameOrId(db, caller, word)));
  const row = newGroup(caller, {
    name: textOf(input.name),
    description: textOf(input.description),
    groupTypeId: type.id,
    typeIds: [...new Set(types.map(({ id }) => id))],
    zone: config.zone,
  });
  await db.transaction(async (tx) => {
    await reserveGroupQuota(tx, row.projectId);
    await groupRows.insert(tx, row);
  });
  return row;
}

type Named = Pick<Group, 'name' | 'description' | 'groupTypeId' | 'typeIds' | 'zone'>;

export const newGroup = (caller: Caller, named: Named): Group => ({
  ...named,
  id: randomUUID(),
  projectId: projectOf(caller),
  userId: caller.userId,
  status: 'available',
  taskId: null,
  groupSnapshotId: null,
  sourceGroupId: null,
  createdAt: Date.now(),
  updatedAt: null,
});

export interface GroupChange {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly add_volumes?: string | null;
  readonly remove_volumes?: string | null;
}

export async function updateGroup({ db }: Volumes, group: Group, input: GroupChange): Promise<void> {
  const { add_volumes: added, remove_volumes: removed, name, description } = input;
  const texts = {
    ...(name === undefined || name === null ? {} : { name: name.trim() }),
    ...(description === undefined || description === null ? {} : { description: description.trim() }),
  };
  if (Object.keys(texts).length === 0 && !added && !removed)
    throw badRequest(
      'Invalid group: Cannot update group ' +
        `${group.id} because no valid name, description, add_volumes, or remove_volumes were provided.`,
    );
  const [adding, removing] = [idsOf(added), idsOf(removed)];
  const both = adding.find((id) => removing.includes(id));
  if (both !== undefined) throw badRequest(`Invalid volume: Volume ${both} is in both add and remove volumes list.`);
  await db.transaction(async (tx) => {
    const now = await lockAvailable(tx, group.id, 'update');
    for (const id of adding) await addVolume(tx, now, id);
    for (const id of removing) await removeVolume(tx, now, id);
    if (Object.keys(texts).length > 0) await groupRows.update(tx, { id: group.id }, texts);
  });
}

const idsOf = (list: string | null | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');

async function addVolume(tx: Knex, { id: groupId, typeIds, projectId }: Group, id: string): Promise<void> {
  const volume = await volumeRows.lock(tx, id);
  const cannot = (why: string) => badRequest(`Invalid volume: Cannot add volume ${id} to group ${groupId}: ${why}.`);
  if (!volume || volume.projectId !== projectId) throw cannot('volume cannot be found');
  if (volume.groupId === groupId) return;
  if (volume.groupId !== null) throw cannot(`it is already in group ${volume.groupId}`);
  if (!typeIds.includes(volume.typeId)) throw cannot('its type is not supported by the group');
  if (volume.taskId !== null || !['available', 'in-use'].includes(volume.status))
    throw cannot(`volume is in an invalid state: ${volume.status}`);
  await volumeRows.update(tx, { id }, { groupId });
}

async function removeVolume(tx: Knex, { id: groupId }: Group, id: string): Promise<void> {
  const volume = await volumeRows.lock(tx, id);
  if (volume?.groupId !== groupId)
    throw badRequest(
      `Invalid volume: Cannot remove volume ${id} from group ${groupId} because it is not in the group.`,
    );
  if (volume.taskId !== null || !['available', 'in-use', 'error'].includes(volume.status))
    throw badRequest(
      `Invalid volume: Cannot remove volume ${id} from group ${groupId} because volume is in an invalid state: ${volume.status}.`,
    );
  await volumeRows.update(tx, { id }, { groupId: null });
}

/** With `deletesVolumes` its volumes are deleted in the same task; without, only a group of none is. */
export async function deleteGroup(
  { db, bus }: Volumes,
  caller: Caller,
  { id }: Group,
  deletesVolumes: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, deleting, { groupId: id }, caller.requestId);
    if (!(await acquireGroup(tx, 'delete', { id, taskId })))
      throw invalidGroup(`Group ${id} status must be available or error to delete it.`);
    if (await groupSnapshotRows.find(tx, { groupId: id }))
      throw invalidGroup(`Group ${id} has group snapshots: delete them first.`);
    const volumes = await volumeRows.list(tx, { groupId: id });
    if (volumes.length > 0 && !deletesVolumes)
      throw invalidGroup(`Group ${id} still contains volumes. The delete-volumes flag is required to delete it.`);
    for (const volume of volumes) await acquireForDelete(tx, volume, taskId);
  });
  bus.notify(tasksWait);
}

async function acquireForDelete(tx: Knex, volume: Volume, taskId: string): Promise<void> {
  const { id, groupId } = volume;
  const isTaken = !(await acquireVolume(tx, 'delete', { id, taskId }));
  if (isTaken || (await snapshotRows.find(tx, { volumeId: id })))
    throw invalidGroup(
      `Volume ${id} in group ${groupId} is ${volume.status}: it must be available or error, and have no snapshots.`,
    );
}

/** Sets the status without any check of the current one. */
export async function resetGroup(
  { db }: Volumes,
  { id }: Group,
  { status }: { readonly status: string },
): Promise<void> {
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for group, not '${status}'.`);
  await groupRows.update(db, { id }, { status: status as GroupStatus });
}
