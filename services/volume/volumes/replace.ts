/** Requests that replace the whole data of a volume. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { attachmentRows } from '../attachments/resource.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { requireThawed } from '../hosts/store.ts';
import { isTrue } from '../listing/values.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { acquireSnapshot } from '../snapshots/store.ts';
import { reimageVolume, revertVolume } from '../workflows/replace-data.ts';
import { invalidVolume } from './operations.ts';
import { type Volume, volumeRows } from './resource.ts';
import { originOf, refuseWhileCopied } from './source.ts';
import { acquireVolume } from './store.ts';

interface Acting {
  readonly caller: Caller;
  authorize(rule: string, target?: { readonly project_id: string }): void;
}

/** To its latest snapshot only: later ones would be of data that the volume never had after them. */
export async function revertToSnapshot(
  { db, bus }: Volumes,
  volume: Volume,
  { snapshot_id: snapshotId }: { readonly snapshot_id: string },
  { caller }: Acting,
): Promise<void> {
  const { id } = volume;
  await requireThawed(db, volume.host);
  await db.transaction(async (tx) => {
    const latest = (await snapshotRows.list(tx, { volumeId: id })).at(-1);
    if (!latest) throw invalidVolume(`Volume ${id} doesn't have any snapshots.`);
    if (latest.id !== snapshotId)
      throw badRequest(
        `Invalid input received: Specified snapshot ${snapshotId} is not the latest one of volume ${id}.`,
      );
    if (latest.sizeGb !== volume.sizeGb)
      throw invalidVolume(
        `Can't revert volume ${id} to its latest snapshot ${snapshotId}. The volume size must be equal to the snapshot size.`,
      );
    const taskId = await enqueue(tx, revertVolume, { volumeId: id, snapshotId }, caller.requestId);
    if (!(await acquireVolume(tx, 'revert', { id, taskId })))
      throw invalidVolume(`Can't revert volume ${id} to snapshot: it must be available, it is ${volume.status}.`);
    if (!(await acquireSnapshot(tx, 'restore', { id: snapshotId, taskId })))
      throw badRequest(
        `Invalid snapshot: Can't revert volume ${id} to snapshot ${snapshotId}: it is ${latest.status}.`,
      );
    await refuseWhileCopied(tx, { sourceVolumeId: id }, `Invalid volume: Volume ${id}`);
  });
  bus.notify(tasksWait);
}

interface ReimageInput {
  readonly image_id: string;
  readonly reimage_reserved?: boolean | string;
}

/** Of a reserved volume, whose server is being rebuilt, only by those who may; it must not be exported then. */
export async function reimage(
  service: Volumes,
  volume: Volume,
  { image_id: imageRef, reimage_reserved: reserved }: ReimageInput,
  { caller, authorize }: Acting,
): Promise<void> {
  const { db, bus } = service;
  const { id, sizeGb } = volume;
  if (isTrue(reserved ?? false)) authorize('volume:reimage_reserved', { project_id: volume.projectId });
  const { source, inherited } = await originOf(service, caller, { imageRef, sizeGb });
  if (source.kind !== 'image') throw notFound('Image', imageRef);
  await db.transaction(async (tx) => {
    const params = {
      volumeId: id,
      imageId: source.imageId,
      format: source.format,
      imageMetadata: inherited.imageMetadata ?? {},
    };
    const taskId = await enqueue(tx, reimageVolume, params, caller.requestId);
    const from = isTrue(reserved ?? false) ? 'reimageReserved' : 'reimage';
    if (!(await acquireVolume(tx, from, { id, taskId })))
      throw invalidVolume(`Volume ${id} status must be available or error to reimage, it is ${volume.status}.`);
    if ((await attachmentRows.list(tx, { volumeId: id })).some(({ target }) => target !== null))
      throw invalidVolume(`Volume ${id} is exported: its data cannot be replaced before its attachments are removed.`);
    await volumeRows.update(tx, { id, taskId }, { previousStatus: volume.status });
  });
  bus.notify(tasksWait);
}
