import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { recordFailure } from './failure.ts';

interface OnSnapshot {
  readonly snapshotId: string;
}

/** From creating to available. On failure the copy is removed, the status is error, and a message has the reason. */
export const createSnapshot = workflow<OnSnapshot, Volumes>({
  name: 'create-snapshot',
  deadlineMs: 2 * 3_600_000,
  steps: [step('copy-bytes', copyBytes, dropCopy)],
  done: (tx, { snapshotId }, { taskId }) =>
    snapshotRows.update(tx, { id: snapshotId, taskId }, { status: 'available', progress: '100%', taskId: null }),
  failed: async (tx, { snapshotId }, run, reason) => {
    const snapshot = await snapshotRows.find(tx, { id: snapshotId });
    if (!snapshot) return;
    const about = { projectId: snapshot.projectId, resourceId: snapshotId, resourceType: 'VOLUME_SNAPSHOT' } as const;
    await recordFailure(tx, 'snapshot', about, run, reason);
    await snapshotRows.update(tx, { id: snapshotId, taskId: run.taskId }, { status: 'error', taskId: null });
  },
});

/** Deletes the snapshot from any status. */
export const deleteSnapshot = workflow<OnSnapshot, Volumes>({
  name: 'delete-snapshot',
  deadlineMs: 10 * 60_000,
  steps: [step('remove-bytes', removeBytes)],
  done: (tx, { snapshotId }, { taskId }) => snapshotRows.remove(tx, { id: snapshotId, taskId }),
  failed: async (tx, { snapshotId }, run, reason) => {
    const snapshot = await snapshotRows.find(tx, { id: snapshotId });
    if (!snapshot) return;
    const about = { projectId: snapshot.projectId, resourceId: snapshotId, resourceType: 'VOLUME_SNAPSHOT' } as const;
    await recordFailure(tx, 'deleteSnapshot', about, run, reason);
    await snapshotRows.update(tx, { id: snapshotId, taskId: run.taskId }, { status: 'error_deleting', taskId: null });
  },
});

async function copyBytes({ db, copiers }: Volumes, { snapshotId }: OnSnapshot, run: Run): Promise<void> {
  const { id, host, volumeId } = await snapshotRows.expect(db, { id: snapshotId, taskId: run.taskId });
  await copiers.on(host ?? '', run).ensureSnapshot({ id, volumeId });
}

async function dropCopy({ db, hosts }: Volumes, { snapshotId }: OnSnapshot, run: Run): Promise<void> {
  const { id, host, volumeId } = await snapshotRows.expect(db, { id: snapshotId, taskId: run.taskId });
  await ignoreHostAway(hosts.on(host ?? '', run).ensureSnapshotGone({ id, volumeId }));
}

async function removeBytes({ db, hosts }: Volumes, { snapshotId }: OnSnapshot, run: Run): Promise<void> {
  const { id, host, volumeId } = await snapshotRows.expect(db, { id: snapshotId, taskId: run.taskId });
  if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureSnapshotGone({ id, volumeId }));
}
