import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentRows } from '../attachments/resource.ts';
import type { Volumes } from '../context.ts';
import { destroyKey } from '../keys/store.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { copyOf } from './move-volume.ts';

interface OnVolume {
  readonly volumeId: string;
}

/** Deletes the volume with its snapshots. A host that is away removes the data when it returns. */
export const deleteVolume = workflow<OnVolume, Volumes>({
  name: 'delete-volume',
  deadlineMs: 10 * 60_000,
  steps: [step('remove-snapshots', removeSnapshots), step('remove-bytes', removeBytes)],
  done: async (tx, { volumeId }, { taskId }) => {
    await snapshotRows.remove(tx, { volumeId });
    await attachmentRows.remove(tx, { volumeId });
    const volume = await volumeRows.find(tx, { id: volumeId, taskId });
    await volumeRows.remove(tx, { id: volumeId, taskId });
    await destroyKey(tx, volume?.encryptionKeyId ?? null);
  },
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await volumeRows.find(tx, { id: volumeId });
    if (!volume) return;
    await recordFailure(tx, 'delete', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, { status: 'error_deleting', taskId: null });
  },
});

async function removeSnapshots({ db, hosts }: Volumes, { volumeId }: OnVolume, run: Run): Promise<void> {
  for (const { id, host } of await snapshotRows.list(db, { volumeId }))
    if (host !== null) await ignoreHostAway(hosts.on(host, run).ensureSnapshotGone({ id, volumeId }));
}

async function removeBytes({ db, hosts }: Volumes, { volumeId }: OnVolume, run: Run): Promise<void> {
  const { host, targetHost } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  for (const each of [host, targetHost])
    if (each !== null) await ignoreHostAway(hosts.on(each, run).ensureVolumeGone({ id: volumeId }));
  if (targetHost !== null)
    await ignoreHostAway(hosts.on(targetHost, run).ensureBackupGone({ id: volumeId, ...copyOf(volumeId) }));
}
