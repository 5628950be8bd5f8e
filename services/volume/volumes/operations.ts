/** The operations of a volume that enqueue a task. */
import type { Knex } from 'knex';
import { atLeast } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import type { Image } from '#shared/clients/image.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { attachmentRows } from '../attachments/resource.ts';
import { taskCancelled, tasksWait, type Volumes } from '../context.ts';
import { requireThawed } from '../hosts/store.ts';
import { destroyKey } from '../keys/store.ts';
import { isTrue } from '../listing/values.ts';
import { lockProject, reserveQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { deleteVolume as deleting } from '../workflows/delete-volume.ts';
import { extendVolume as extending } from '../workflows/extend-volume.ts';
import { unmanage as unmanaging } from '../workflows/manage.ts';
import { uploadVolume as uploading } from '../workflows/upload-volume.ts';
import { type Volume, volumeRows } from './resource.ts';
import { hasFeature, metadataForImage, refuseWhileCopied, requireOnlineCopies } from './source.ts';
import { acquireVolume } from './store.ts';

export const invalidVolume = (why: string) => badRequest(`Invalid volume: ${why}`);

interface DeleteOptions {
  /** Delete its snapshots, too. */
  readonly cascade: boolean;
  /** From any status, replacing a running task. */
  readonly force: boolean;
  /** Leave its data in the pool. */
  readonly unmanage?: boolean;
}

/** Enqueues the deletion; throws 400 with Cinder's message when the volume cannot be deleted. */
export async function deleteVolume(
  { db, bus }: Volumes,
  caller: Caller,
  volume: Volume,
  options: DeleteOptions,
): Promise<void> {
  const { id } = volume;
  if (options.unmanage && volume.encryptionKeyId !== null)
    throw invalidVolume('Unmanaging encrypted volumes is not supported.');
  await requireThawed(db, volume.host);
  await db.transaction(async (tx) => {
    if (await deleteUnplaced(tx, volume)) return;
    const taskId = options.unmanage
      ? await enqueue(tx, unmanaging, { id, as: 'volume' }, caller.requestId)
      : await enqueue(tx, deleting, { volumeId: id }, caller.requestId);
    const verb = options.unmanage ? 'unmanage' : options.force ? 'forceDelete' : 'delete';
    const acquired = await acquireVolume(tx, verb, { id, taskId });
    const isBound = volume.groupId !== null || (await hasDependents(tx, volume, options));
    if (!acquired || isBound) throw cannotDelete(options);
    if (!options.force) await refuseWhileUsed(tx, id);
  });
  if (options.force) bus.notify(taskCancelled);
  bus.notify(tasksWait);
}

/** Deletes a failed volume that was never placed on a pool, without a task. Returns false for any other volume. */
async function deleteUnplaced(tx: Knex, { id }: Volume): Promise<boolean> {
  const now = await volumeRows.lock(tx, id);
  if (!now || now.host !== null || now.taskId !== null || now.status !== 'error') return false;
  await attachmentRows.remove(tx, { volumeId: id });
  await volumeRows.remove(tx, { id, taskId: null });
  await destroyKey(tx, now.encryptionKeyId);
  return true;
}

/** Throws when the volume or one of its snapshots is being copied. */
async function refuseWhileUsed(tx: Knex, id: string): Promise<void> {
  await refuseWhileCopied(tx, { sourceVolumeId: id }, `Invalid volume: Volume ${id}`);
  for (const snapshot of await snapshotRows.list(tx, { volumeId: id }))
    await refuseWhileCopied(tx, { snapshotId: snapshot.id }, `Invalid snapshot: Snapshot ${snapshot.id}`);
}

async function hasDependents(tx: Knex, { id, projectId }: Volume, { cascade }: DeleteOptions): Promise<boolean> {
  const attachments = await attachmentRows.list(tx, { volumeId: id });
  if (attachments.some(({ status }) => status === 'attached')) return true;
  const snapshots = await snapshotRows.list(tx, { volumeId: id });
  if (!cascade) return snapshots.length > 0;
  if (snapshots.some((snapshot) => snapshot.projectId !== projectId)) return true; // left behind by a transfer
  return snapshots.some(({ status, taskId }) => taskId !== null || !/^(available|error.*|deleting)$/.test(status));
}

function cannotDelete({ force }: DeleteOptions) {
  const status = force
    ? ''
    : 'status must be available or error or error_restoring or error_extending or error_managing and ';
  return invalidVolume(
    `Volume ${status}must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.`,
  );
}

export async function extendVolume(
  { db, bus }: Volumes,
  volume: Volume,
  { new_size }: { readonly new_size: number | string },
  { caller, version, authorize }: Pick<Call, 'caller' | 'version' | 'authorize'>,
): Promise<void> {
  const { id, projectId, typeId } = volume;
  const sizeGb = Number(new_size);
  requireLarger(volume, sizeGb);
  const isUsed = volume.status === 'in-use' && atLeast(version, '3.42');
  if (isUsed) {
    authorize('volume:extend_attached_volume', { project_id: projectId });
    if (!(await hasFeature(db, volume, 'online-extend'))) throw inUse(volume);
  }
  await db.transaction(async (tx) => {
    await lockProject(tx, projectId);
    const now = (await volumeRows.lock(tx, id)) ?? volume;
    requireLarger(now, sizeGb);
    await reserveQuota(tx, { projectId, typeId, gigabytes: sizeGb - now.sizeGb, volumeGb: sizeGb });
    const taskId = await enqueue(tx, extending, { volumeId: id, sizeGb }, caller.requestId);
    if (!(await acquireVolume(tx, isUsed ? 'extendInUse' : 'extend', { id, taskId })))
      throw await wrongStatus(tx, id, 'available', 'extend');
    await refuseWhileCopied(tx, { sourceVolumeId: id }, `Invalid volume: Volume ${id}`);
    await volumeRows.update(tx, { id, taskId }, { growToGb: sizeGb });
  });
  bus.notify(tasksWait);
}

function requireLarger(volume: Volume, sizeGb: number): void {
  if (sizeGb > volume.sizeGb) return;
  throw badRequest(
    `Invalid input received: New size for extend must be greater than current size. (current: ${volume.sizeGb}, extended: ${sizeGb}).`,
  );
}

/** An iSCSI initiator that is logged in does not notice a new size. */
const inUse = ({ id }: Volume) =>
  invalidVolume(
    `Volume ${id} is attached, and its storage cannot extend volumes in use. Detach it, extend it, and attach it again.`,
  );

async function wrongStatus(tx: Knex, id: string, expected: string, verb: string) {
  const status = (await volumeRows.find(tx, { id }))?.status;
  return invalidVolume(`Volume ${id} status must be '${expected}' to ${verb}, currently ${status}.`);
}

export interface UploadInput {
  readonly image_name: string;
  readonly force?: boolean | string;
  readonly disk_format?: string;
  readonly container_format?: string;
  readonly visibility?: string;
  readonly protected?: boolean | string;
}

/** The image is created with the caller's token; this service sends its data. */
export async function uploadVolume(
  { db, bus, images }: Volumes,
  caller: Caller,
  volume: Volume,
  input: UploadInput,
): Promise<Image> {
  const { id } = volume;
  const format = input.disk_format ?? 'raw';
  if (format !== 'raw' && format !== 'qcow2') throw badRequest(`Volumes cannot become images of format ${format}.`);
  const force = isTrue(input.force);
  const expected = force ? ['available', 'in-use'] : ['available'];
  if (!expected.includes(volume.status))
    throw invalidVolume(
      `Volume ${id} status must be ${expected.join(' or ')}, but current status is: ${volume.status}.`,
    );
  if (volume.status === 'in-use') await requireOnlineCopies(db, volume);
  if (volume.encryptionKeyId !== null)
    throw invalidVolume(`Volume ${id} is encrypted: no image is made of it, which could not be read without its key.`);
  const image = await images.create(imageOf(volume, input, format), caller.token);
  await db
    .transaction(async (tx) => {
      const taskId = await enqueue(tx, uploading, { volumeId: id, imageId: image.id, format }, caller.requestId);
      if (!(await acquireVolume(tx, force ? 'uploadInUse' : 'upload', { id, taskId })))
        throw await wrongStatus(tx, id, 'available', 'upload');
      await volumeRows.update(tx, { id, taskId }, { previousStatus: volume.status });
    })
    .catch(async (error: unknown) => {
      await images.remove(image.id);
      throw error;
    });
  bus.notify(tasksWait);
  return image;
}

const imageOf = ({ sizeGb, imageMetadata }: Volume, input: UploadInput, format: string) => ({
  ...metadataForImage(imageMetadata ?? {}),
  name: input.image_name,
  disk_format: format,
  container_format: input.container_format ?? 'bare',
  min_disk: sizeGb,
  ...(input.visibility === undefined ? {} : { visibility: input.visibility }),
  ...(input.protected === undefined ? {} : { protected: isTrue(input.protected) }),
});
