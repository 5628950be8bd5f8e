/** Workflows that replace the whole data of a volume: by that of a snapshot, or of an image. */
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { encryptionOf } from '../type-encryption/store.ts';
import { type Metadata, volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { releaseVolume } from './volume-status.ts';

interface Revert {
  readonly volumeId: string;
  readonly snapshotId: string;
}

interface Reimage {
  readonly volumeId: string;
  readonly imageId: string;
  readonly format: string;
  readonly imageMetadata: Metadata;
}

const hours = 3_600_000;

/** A failed one leaves the former data; whether the host has done it is not known then: the status is error. */
export const revertVolume = workflow<Revert, Volumes>({
  name: 'revert-volume',
  deadlineMs: 2 * hours,
  steps: [step('replace-bytes', revert)],
  done: async (tx, { volumeId, snapshotId }, { taskId }) => {
    await volumeRows.update(tx, { id: volumeId, taskId }, { status: 'available', previousStatus: null, taskId: null });
    await snapshotRows.update(tx, { id: snapshotId, taskId }, { status: 'available', taskId: null });
  },
  failed: async (tx, { volumeId, snapshotId }, run, reason) => {
    const { taskId } = run;
    const volume = await volumeRows.find(tx, { id: volumeId, taskId });
    if (volume) await recordFailure(tx, 'revert', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await volumeRows.update(tx, { id: volumeId, taskId }, { status: 'error', previousStatus: null, taskId: null });
    await snapshotRows.update(tx, { id: snapshotId, taskId }, { status: 'available', taskId: null });
  },
});

async function revert({ db, copiers }: Volumes, { volumeId, snapshotId }: Revert, run: Run): Promise<void> {
  const { host, sizeGb } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  const source = { kind: 'snapshot', snapshotId, volumeId } as const;
  await copiers.on(host ?? '', run).restoreVolume({ id: volumeId, sizeGb, source });
}

/** The image's metadata replace those of the volume. */
export const reimageVolume = workflow<Reimage, Volumes>({
  name: 'reimage-volume',
  deadlineMs: 2 * hours,
  steps: [step('replace-bytes', reimage)],
  done: async (tx, { volumeId: id, imageId, imageMetadata }, { taskId }) => {
    await volumeRows.update(tx, { id, taskId }, { imageId, imageMetadata, bootable: true, previousStatus: null });
    await releaseVolume(tx, { id, taskId });
  },
  failed: async (tx, { volumeId: id }, run, reason) => {
    const { taskId } = run;
    const volume = await volumeRows.find(tx, { id, taskId });
    if (!volume) return;
    await recordFailure(tx, 'reimage', { projectId: volume.projectId, resourceId: id }, run, reason);
    await volumeRows.update(tx, { id, taskId }, { status: 'error', previousStatus: null, taskId: null });
  },
});

async function reimage(service: Volumes, { volumeId, imageId, format }: Reimage, run: Run): Promise<void> {
  const { db, copiers, seal } = service;
  const volume = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  const encryption = await encryptionOf(db, seal, volume);
  const source = { kind: 'image', imageId, format } as const;
  const spec = { id: volumeId, sizeGb: volume.sizeGb, source, ...(encryption ? { encryption } : {}) };
  await copiers.on(volume.host ?? '', run).restoreVolume(spec);
}
