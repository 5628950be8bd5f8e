/** The actions of POST /volumes/{id}/action that need no task. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { disconnect, refuseIfUsed } from '../attachments/operations.ts';
import { newAttachment } from '../attachments/reserve.ts';
import { attachmentRows } from '../attachments/resource.ts';
import type { Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { isTrue } from '../listing/values.ts';
import { invalidVolume } from './operations.ts';
import { type Metadata, type Volume, volumeRows } from './resource.ts';
import { attachmentStatuses, failedStatuses, migrationStatuses, resettable, type VolumeStatus } from './states.ts';

interface Acting {
  readonly caller: Caller;
}

/** Changes the status in one UPDATE; throws 400 when the volume is in none of the allowed statuses. */
async function changeStatus(
  { db }: Volumes,
  { id }: Volume,
  from: readonly VolumeStatus[],
  status: VolumeStatus,
  verb: string,
): Promise<void> {
  if (await volumeRows.update(db, { id, status: from }, { status })) return;
  throw invalidVolume(`Unable to ${verb} volume. Volume status must be ${from.join(' or ')} to ${verb}.`);
}

export const reserve = (service: Volumes, volume: Volume): Promise<void> =>
  changeStatus(service, volume, volume.multiattach ? ['available', 'in-use'] : ['available'], 'attaching', 'reserve');

export async function unreserve(service: Volumes, volume: Volume): Promise<void> {
  const isUsed = (await attachmentRows.find(service.db, { volumeId: volume.id })) !== undefined;
  await changeStatus(service, volume, ['attaching'], isUsed ? 'in-use' : 'available', 'unreserve');
}

export const beginDetaching = (service: Volumes, volume: Volume): Promise<void> =>
  changeStatus(service, volume, ['in-use'], 'detaching', 'detach');

export const rollDetaching = (service: Volumes, volume: Volume): Promise<void> =>
  changeStatus(service, volume, ['detaching'], 'in-use', 'roll back');

export interface ResetInput {
  readonly status?: string;
  readonly attach_status?: string;
  readonly migration_status?: string;
}

/** Sets the status without any check of the current one. A task that owns the volume continues. */
export async function resetStatus({ db }: Volumes, { id }: Volume, input: ResetInput): Promise<void> {
  const { status } = input;
  if (status === undefined && input.attach_status === undefined && input.migration_status === undefined)
    throw badRequest("Must specify 'status', 'attach_status' or 'migration_status' for update.");
  await resetMigration(db, id, input.migration_status);
  if (status === undefined) return;
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for volume, not '${status}'.`);
  await volumeRows.update(db, { id }, { status: status as VolumeStatus });
}

async function resetMigration(db: Volumes['db'], id: string, status: string | undefined): Promise<void> {
  if (status === undefined) return;
  if (!migrationStatuses.includes(status)) throw badRequest(`Must specify a valid migration status, not '${status}'.`);
  await volumeRows.update(db, { id, taskId: null }, { migrationStatus: status === 'none' ? null : status });
}

export interface AttachInput {
  readonly instance_uuid?: string;
  readonly host_name?: string;
  readonly mountpoint: string;
  readonly mode?: 'rw' | 'ro';
}

/** The legacy action, without a connector: it records an attachment and exports nothing. */
export async function attach(
  { db, seal }: Volumes,
  volume: Volume,
  input: AttachInput,
  { caller }: Acting,
): Promise<void> {
  const { id } = volume;
  await db.transaction(async (tx) => {
    const from = ['available', 'attaching', 'reserved'] as const;
    if (!(await volumeRows.update(tx, { id, status: from }, { status: 'in-use' })))
      throw invalidVolume(`Volume ${id} status must be available or attaching, currently ${volume.status}.`);
    const [serverId, mode, byService] = [input.instance_uuid ?? null, input.mode ?? 'rw', isService(caller)] as const;
    await attachmentRows.insert(tx, {
      ...newAttachment(volume, { id: randomUUID(), serverId, mode, byService }, seal),
      status: 'attached',
      mountpoint: input.mountpoint,
      attachedHost: input.host_name ?? null,
      attachedAt: Date.now(),
    });
  });
}

export interface DetachInput {
  readonly attachment_id?: string | null;
}

/** A server that uses the volume detaches it by the Compute API. */
export async function detach(service: Volumes, volume: Volume, input: DetachInput | null, { caller }: Acting) {
  for (const each of await attachmentRows.list(service.db, { volumeId: volume.id }))
    await refuseIfUsed(service, caller, each);
  await removeAttachment(service, caller, volume, input?.attachment_id);
}

/** Also resets a volume in an error status. */
export const forceDetach = (service: Volumes, volume: Volume, input: DetachInput, { caller }: Acting): Promise<void> =>
  removeAttachment(service, caller, volume, input.attachment_id, true);

async function removeAttachment(
  service: Volumes,
  caller: Caller,
  volume: Volume,
  attachmentId?: string | null,
  force = false,
): Promise<void> {
  const attachments = await attachmentRows.list(service.db, { volumeId: volume.id });
  const wanted = attachmentId ? attachments.filter((each) => each.id === attachmentId) : attachments;
  if (!attachmentId && wanted.length > 1)
    throw invalidVolume('Detach volume failed: More than one attachment, but no attachment_id provided.');
  const [attachment] = wanted;
  if (attachment) return disconnect(service, caller, attachment, force);
  const from = force && volume.host !== null ? [...attachmentStatuses, ...failedStatuses] : attachmentStatuses; // a volume without data cannot be available
  await volumeRows.update(service.db, { id: volume.id, status: from }, { status: 'available' });
}

export async function setBootable(
  { db }: Volumes,
  { id }: Volume,
  { bootable }: { readonly bootable: boolean | string },
): Promise<void> {
  await volumeRows.update(db, { id }, { bootable: isTrue(bootable) });
}

export async function setReadOnly(
  { db }: Volumes,
  { id }: Volume,
  { readonly }: { readonly readonly: boolean | string },
): Promise<void> {
  await volumeRows.update(db, { id }, { readOnly: isTrue(readonly), readOnlyTold: true });
}

export async function setImageMetadata(
  { db }: Volumes,
  { id, imageMetadata }: Volume,
  { metadata }: { readonly metadata: Metadata },
) {
  const changed = { ...imageMetadata, ...metadata };
  await volumeRows.update(db, { id }, { imageMetadata: changed });
  return { metadata: changed };
}

export async function unsetImageMetadata(
  { db }: Volumes,
  { id, imageMetadata }: Volume,
  { key }: { readonly key: string },
): Promise<void> {
  const { [key]: _, ...left } = imageMetadata ?? {};
  await volumeRows.update(db, { id }, { imageMetadata: left });
}

export const showImageMetadata = async (_: Volumes, { imageMetadata }: Volume) => ({ metadata: imageMetadata ?? {} });
