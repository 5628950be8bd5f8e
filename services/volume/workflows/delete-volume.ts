import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { removeAttachmentsOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { listSnapshotsOf, removeSnapshotsOf } from '../snapshots/store.ts';
import { findVolume, getOwnedVolume, releaseVolume, removeVolume } from '../volumes/store.ts';
import { recordFailure } from './failure.ts';

interface OnVolume {
  readonly volumeId: string;
}

/** Deletes the volume with its snapshots. A host that is away removes the data when it returns. */
export const deleteVolume = workflow<OnVolume, Volumes>({
  name: 'delete-volume',
  deadlineMs: 10 * 60_000,
  steps: [step('remove-snapshots', removeSnapshots), step('remove-bytes', removeBytes)],
  done: async (tx, { volumeId }, { taskId }) => {
    await removeSnapshotsOf(tx, volumeId);
    await removeAttachmentsOf(tx, volumeId);
    await removeVolume(tx, { id: volumeId, taskId });
  },
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await findVolume(tx, volumeId);
    if (!volume) return;
    await recordFailure(tx, 'delete', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await releaseVolume(tx, { id: volumeId, taskId: run.taskId }, { status: 'error_deleting' });
  },
});

async function removeSnapshots({ db, hosts }: Volumes, { volumeId }: OnVolume, run: Run): Promise<void> {
  for (const { id, host } of await listSnapshotsOf(db, volumeId))
    if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureSnapshotGone({ id, volumeId }));
}

async function removeBytes({ db, hosts }: Volumes, { volumeId }: OnVolume, run: Run): Promise<void> {
  const { host } = await getOwnedVolume(db, { id: volumeId, taskId: run.taskId });
  if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureVolumeGone({ id: volumeId }));
}
