import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { releaseVolume } from './volume-status.ts';

export interface Upload {
  readonly volumeId: string;
  /** A queued image. */
  readonly imageId: string;
  readonly format: 'raw' | 'qcow2';
}

/** Sends a volume's data to an image; on failure the image is deleted. */
export const uploadVolume = workflow<Upload, Volumes>({
  name: 'upload-volume',
  deadlineMs: 2 * 3_600_000,
  steps: [step('send-bytes', sendBytes, dropImage)],
  done: (tx, { volumeId: id }, { taskId }) => releaseVolume(tx, { id, taskId }),
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await volumeRows.find(tx, { id: volumeId });
    if (!volume) return;
    await recordFailure(tx, 'upload', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await releaseVolume(tx, { id: volumeId, taskId: run.taskId });
  },
});

async function sendBytes({ db, copiers }: Volumes, { volumeId, imageId, format }: Upload, run: Run): Promise<void> {
  const { host } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  await copiers.on(host ?? '', run).uploadVolume({ id: `${volumeId}/upload`, volumeId, imageId, format });
}

async function dropImage({ images }: Volumes, { imageId }: Upload): Promise<void> {
  await images.remove(imageId);
}
