/** A new group whose volumes are copies of those of a group, or of a group snapshot. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { VolumeSource } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { getGroupSnapshot } from '../group-snapshots/store.ts';
import { copyKey } from '../keys/store.ts';
import { reserveGroupQuota, reserveQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { lockSource, requireOnlineCopies } from '../volumes/source.ts';
import { copyGroup as copying } from '../workflows/groups.ts';
import { newGroup } from './operations.ts';
import { type Group, groupRows } from './resource.ts';
import { getGroup, lockAvailable } from './store.ts';

export interface CopyInput {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly group_snapshot_id?: string;
  readonly source_group_id?: string;
}

/** What each volume of the new group is made of. */
interface Part {
  readonly volume: Volume;
  readonly source: VolumeSource;
  readonly sizeGb: number;
}

interface Origin {
  readonly group: Group;
  readonly parts: readonly Part[];
  readonly from: Pick<Group, 'groupSnapshotId' | 'sourceGroupId'>;
}

export async function copyGroup(service: Volumes, caller: Caller, input: CopyInput): Promise<Group> {
  const { db, bus } = service;
  const { group_snapshot_id: snapshotId, source_group_id: groupId } = input;
  if ((snapshotId === undefined) === (groupId === undefined))
    throw badRequest("Invalid input received: Only one of 'group_snapshot_id' and 'source_group_id' must be given.");
  const origin = snapshotId
    ? await fromSnapshot(service, caller, snapshotId)
    : await fromGroup(service, caller, groupId ?? '');
  if (origin.parts.length === 0)
    throw badRequest(`Invalid group: Group ${origin.group.id} has no volumes to create a group from.`);
  const { typeIds, groupTypeId, zone } = origin.group;
  const named = { name: input.name?.trim() ?? null, description: input.description?.trim() ?? null };
  const row = await db.transaction(async (tx) => {
    const group = { ...newGroup(caller, { ...named, typeIds, groupTypeId, zone }), ...origin.from };
    await reserveGroupQuota(tx, group.projectId);
    if (origin.from.sourceGroupId !== null) await lockAvailable(tx, origin.group.id, 'copy');
    const parts = origin.parts.map((part) => ({ ...part, id: randomUUID() }));
    const sources = Object.fromEntries(parts.map(({ id, source }) => [id, source]));
    const taskId = await enqueue(tx, copying, { groupId: group.id, sources }, caller.requestId);
    await groupRows.insert(tx, { ...group, status: 'creating', taskId });
    for (const part of parts) await insertCopy(tx, caller, group, part, taskId);
    return { ...group, status: 'creating' as const, taskId };
  });
  bus.notify(tasksWait);
  return row;
}

async function insertCopy(
  tx: Knex,
  { userId }: Caller,
  { id: groupId, projectId }: Group,
  { id, volume, source, sizeGb }: Part & { readonly id: string },
  taskId: string,
): Promise<void> {
  await reserveQuota(tx, { projectId, typeId: volume.typeId, volumes: 1, gigabytes: sizeGb, volumeGb: sizeGb });
  await lockSource(tx, source);
  const placed = { host: null, hostId: null, pool: null, driver: null, choice: null, targetHost: null };
  await volumeRows.insert(tx, {
    ...volume,
    ...placed,
    encryptionKeyId: volume.encryptionKeyId && (await copyKey(tx, volume.encryptionKeyId, { projectId })),
    id,
    projectId,
    userId,
    groupId,
    taskId,
    sizeGb,
    migrationStatus: null,
    growToGb: null,
    status: 'creating',
    previousStatus: null,
    snapshotId: source.kind === 'snapshot' ? source.snapshotId : null,
    sourceVolumeId: source.kind === 'volume' ? source.volumeId : null,
    readOnly: false,
    readOnlyTold: false,
    createdAt: Date.now(),
    updatedAt: null,
  });
}

async function fromGroup({ db }: Volumes, caller: Caller, id: string): Promise<Origin> {
  const group = await getGroup(db, caller, id);
  const volumes = await volumeRows.list(db, { groupId: id });
  for (const volume of volumes) if (volume.status === 'in-use') await requireOnlineCopies(db, volume);
  const parts = volumes.map((volume) => ({
    volume,
    source: { kind: 'volume', volumeId: volume.id } as const,
    sizeGb: volume.sizeGb,
  }));
  return { group, parts, from: { groupSnapshotId: null, sourceGroupId: id } };
}

async function fromSnapshot({ db }: Volumes, caller: Caller, id: string): Promise<Origin> {
  const { groupId } = await getGroupSnapshot(db, caller, id);
  const group = await getGroup(db, caller, groupId);
  const parts: Part[] = [];
  for (const { id: snapshotId, volumeId, sizeGb } of await snapshotRows.list(db, { groupSnapshotId: id })) {
    const volume = await volumeRows.get(db, volumeId);
    parts.push({ volume, source: { kind: 'snapshot', snapshotId, volumeId }, sizeGb });
  }
  return { group, parts, from: { groupSnapshotId: id, sourceGroupId: null } };
}
