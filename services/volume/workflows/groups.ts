/** Groups and group snapshots: one task owns all rows of a group, so that they succeed or fail as one. */
import type { Knex } from 'knex';
import type { VolumeSource } from '#shared/contracts/volume-agent.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentRows } from '../attachments/resource.ts';
import type { Volumes } from '../context.ts';
import { groupSnapshotRows } from '../group-snapshots/resource.ts';
import { groupRows } from '../groups/resource.ts';
import { destroyKey } from '../keys/store.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { typeRows } from '../types/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import { dropBytes, makeBytes, place } from './create-volume.ts';
import { recordFailure } from './failure.ts';

interface OnGroup {
  readonly groupId: string;
}
interface OnGroupSnapshot {
  readonly groupSnapshotId: string;
}
interface Copy extends OnGroup {
  /** By the id of the new volume. */
  readonly sources: Readonly<Record<string, VolumeSource>>;
}

const hours = 3_600_000;

/** Deletes the volumes of the group with it. A host that is away removes the data when it returns. */
export const deleteGroup = workflow<OnGroup, Volumes>({
  name: 'delete-group',
  deadlineMs: 10 * 60_000,
  steps: [step('remove-bytes', removeVolumes)],
  done: async (tx, { groupId }, { taskId }) => {
    for (const { id, encryptionKeyId } of await volumeRows.list(tx, { groupId, taskId })) {
      await attachmentRows.remove(tx, { volumeId: id });
      await volumeRows.remove(tx, { id, taskId });
      await destroyKey(tx, encryptionKeyId);
    }
    await groupRows.remove(tx, { id: groupId, taskId });
  },
  failed: async (tx, { groupId }, run, reason) => {
    const { taskId } = run;
    const group = await groupRows.find(tx, { id: groupId, taskId });
    if (!group) return;
    const about = { projectId: group.projectId, resourceId: groupId, resourceType: 'VOLUME_GROUP' } as const;
    await recordFailure(tx, 'deleteGroup', about, run, reason);
    await volumeRows.update(tx, { groupId, taskId }, { status: 'error_deleting', taskId: null });
    await groupRows.update(tx, { id: groupId, taskId }, { status: 'error_deleting', taskId: null });
  },
});

async function removeVolumes({ db, hosts }: Volumes, { groupId }: OnGroup, run: Run): Promise<void> {
  for (const { id, host } of await volumeRows.list(db, { groupId, taskId: run.taskId }))
    if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureVolumeGone({ id }));
}

/** A group of copies: when one of them fails, all data is removed, and the group and its volumes are in error. */
export const copyGroup = workflow<Copy, Volumes>({
  name: 'copy-group',
  deadlineMs: 4 * hours,
  steps: [step('choose-pools', choosePools), step('make-bytes', makeAll, dropAll)],
  done: async (tx, { groupId }, { taskId }) => {
    await volumeRows.update(tx, { groupId, taskId }, { status: 'available', taskId: null });
    await groupRows.update(tx, { id: groupId, taskId }, { status: 'available', taskId: null });
  },
  failed: async (tx, { groupId }, run, reason) => {
    const { taskId } = run;
    const group = await groupRows.find(tx, { id: groupId, taskId });
    if (!group) return;
    const about = { projectId: group.projectId, resourceId: groupId, resourceType: 'VOLUME_GROUP' } as const;
    await recordFailure(tx, 'copyGroup', about, run, reason);
    await volumeRows.update(tx, { groupId, taskId }, { status: 'error', taskId: null });
    await groupRows.update(tx, { id: groupId, taskId }, { status: 'error', taskId: null });
  },
});

async function choosePools(service: Volumes, { groupId, sources }: Copy, run: Run): Promise<void> {
  for (const { id, typeId } of await volumeRows.list(service.db, { groupId, taskId: run.taskId })) {
    const { extraSpecs = {} } = (await typeRows.find(service.db, { id: typeId })) ?? {};
    await place(service, { volumeId: id, sourceHost: await hostOf(service.db, sources[id]), extraSpecs }, run);
  }
}

/** The host that has the source. */
async function hostOf(db: Knex, source: VolumeSource | undefined): Promise<string | null> {
  if (source?.kind === 'snapshot') return (await snapshotRows.find(db, { id: source.snapshotId }))?.host ?? null;
  if (source?.kind === 'volume') return (await volumeRows.find(db, { id: source.volumeId }))?.host ?? null;
  return null;
}

async function makeAll(service: Volumes, { groupId, sources }: Copy, run: Run): Promise<void> {
  for (const { id, host } of await volumeRows.list(service.db, { groupId, taskId: run.taskId }))
    await makeBytes(service, { volumeId: id, source: sources[id] ?? { kind: 'blank' } }, host ?? '', run);
}

async function dropAll(service: Volumes, { groupId }: Copy, run: Run): Promise<void> {
  for (const { id, host } of await volumeRows.list(service.db, { groupId, taskId: run.taskId }))
    if (host !== null) await dropBytes(service, id, host, run);
}

/** From creating to available. When a copy fails, all are removed. */
export const createGroupSnapshot = workflow<OnGroupSnapshot, Volumes>({
  name: 'create-group-snapshot',
  deadlineMs: 2 * hours,
  steps: [step('copy-bytes', copySnapshots, dropSnapshots)],
  done: async (tx, { groupSnapshotId: id }, { taskId }) => {
    const change = { status: 'available', progress: '100%', taskId: null } as const;
    await snapshotRows.update(tx, { groupSnapshotId: id, taskId }, change);
    await groupSnapshotRows.update(tx, { id, taskId }, { status: 'available', taskId: null });
  },
  failed: (tx, params, run, reason) => failSnapshots(tx, params, run, { reason, status: 'error' }),
});

/** Deletes the snapshots of the group snapshot with it. */
export const deleteGroupSnapshot = workflow<OnGroupSnapshot, Volumes>({
  name: 'delete-group-snapshot',
  deadlineMs: 10 * 60_000,
  steps: [step('remove-bytes', dropSnapshots)],
  done: async (tx, { groupSnapshotId: id }, { taskId }) => {
    await snapshotRows.remove(tx, { groupSnapshotId: id, taskId });
    await groupSnapshotRows.remove(tx, { id, taskId });
  },
  failed: (tx, params, run, reason) => failSnapshots(tx, params, run, { reason, status: 'error_deleting' }),
});

async function failSnapshots(
  tx: Knex,
  { groupSnapshotId: id }: OnGroupSnapshot,
  run: Run,
  { reason, status }: { readonly reason: string; readonly status: 'error' | 'error_deleting' },
): Promise<void> {
  const { taskId } = run;
  const row = await groupSnapshotRows.find(tx, { id, taskId });
  if (!row) return;
  const about = { projectId: row.projectId, resourceId: id, resourceType: 'GROUP_SNAPSHOT' } as const;
  await recordFailure(tx, status === 'error' ? 'groupSnapshot' : 'deleteGroupSnapshot', about, run, reason);
  await snapshotRows.update(tx, { groupSnapshotId: id, taskId }, { status, taskId: null });
  await groupSnapshotRows.update(tx, { id, taskId }, { status, taskId: null });
}

async function copySnapshots({ db, copiers }: Volumes, { groupSnapshotId }: OnGroupSnapshot, run: Run): Promise<void> {
  for (const { id, host, volumeId } of await snapshotRows.list(db, { groupSnapshotId, taskId: run.taskId }))
    await copiers.on(host ?? '', run).ensureSnapshot({ id, volumeId });
}

async function dropSnapshots({ db, hosts }: Volumes, { groupSnapshotId }: OnGroupSnapshot, run: Run): Promise<void> {
  for (const { id, host, volumeId } of await snapshotRows.list(db, { groupSnapshotId, taskId: run.taskId }))
    if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureSnapshotGone({ id, volumeId }));
}
