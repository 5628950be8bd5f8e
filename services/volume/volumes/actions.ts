/** The actions of POST /volumes/{id}/action that need no task. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { disconnect } from '../attachments/operations.ts';
import { newAttachment } from '../attachments/reserve.ts';
import { insertAttachment, listAttachmentsOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { findTypeByNameOrId } from '../types/store.ts';
import { invalidVolume } from './operations.ts';
import { attachmentStatuses, failedStatuses, resettable, type VolumeStatus } from './states.ts';
import { changeVolume, getVolume, updateVolumeState, type Volume } from './store.ts';

/** Changes the status in one UPDATE; throws 400 when the volume is in none of the allowed statuses. */
async function changeStatus(
  { db }: Volumes,
  { id }: Volume,
  from: readonly VolumeStatus[],
  status: VolumeStatus,
  verb: string,
): Promise<void> {
  if (await updateVolumeState(db, id, from, { status })) return;
  throw invalidVolume(`Unable to ${verb} volume. Volume status must be ${from.join(' or ')} to ${verb}.`);
}

export async function reserve(service: Volumes, caller: Caller, id: string): Promise<void> {
  const volume = await getVolume(service.db, caller, id);
  await changeStatus(
    service,
    volume,
    volume.multiattach ? ['available', 'in-use'] : ['available'],
    'attaching',
    'reserve',
  );
}

export async function unreserve(service: Volumes, caller: Caller, id: string): Promise<void> {
  const volume = await getVolume(service.db, caller, id);
  const isUsed = (await listAttachmentsOf(service.db, [id])).length > 0;
  await changeStatus(service, volume, ['attaching'], isUsed ? 'in-use' : 'available', 'unreserve');
}

export const beginDetaching = async (service: Volumes, caller: Caller, id: string): Promise<void> =>
  changeStatus(service, await getVolume(service.db, caller, id), ['in-use'], 'detaching', 'detach');

export const rollDetaching = async (service: Volumes, caller: Caller, id: string): Promise<void> =>
  changeStatus(service, await getVolume(service.db, caller, id), ['detaching'], 'in-use', 'roll back');

export interface ResetInput {
  readonly status?: string;
  readonly attach_status?: string;
  readonly migration_status?: string;
}

/** Sets the status without any check of the current one. A task that owns the volume continues. */
export async function resetStatus({ db }: Volumes, caller: Caller, id: string, input: ResetInput): Promise<void> {
  const { status } = input;
  if (status === undefined && input.attach_status === undefined && input.migration_status === undefined)
    throw badRequest("Must specify 'status', 'attach_status' or 'migration_status' for update.");
  await getVolume(db, caller, id);
  if (status === undefined) return;
  if (!resettable.includes(status)) throw badRequest(`Must specify a valid status for volume, not '${status}'.`);
  await changeVolume(db, id, { status: status as VolumeStatus });
}

/** Changes the type to one that the volume's pool satisfies; volumes are not migrated between pools. */
export async function retype({ db }: Volumes, caller: Caller, id: string, name: string): Promise<void> {
  const volume = await getVolume(db, caller, id);
  const type = await findTypeByNameOrId(db, caller, name);
  if (!['available', 'in-use'].includes(volume.status))
    throw invalidVolume(`Volume ${id} status must be available or in-use to retype, currently ${volume.status}.`);
  const backend = type.extraSpecs.volume_backend_name;
  if (backend !== undefined && backend !== volume.driver && backend !== volume.pool)
    throw badRequest(
      `Type ${type.name} is of another back end: volume ${id} would have to move, which no driver does.`,
    );
  const isShared = type.extraSpecs.multiattach === '<is> True';
  if (isShared !== volume.multiattach && volume.status !== 'available')
    throw badRequest('Invalid input received: Multiattach can change only while the volume is available.');
  await db.transaction(async (tx) => {
    const { projectId, sizeGb } = volume;
    if (type.id !== volume.typeId)
      await reserveQuota(tx, { projectId, typeId: type.id, volumes: 1, gigabytes: sizeGb, ofTypeAlone: true });
    await changeVolume(tx, id, { typeId: type.id, multiattach: isShared });
  });
}

export interface AttachInput {
  readonly instance_uuid?: string;
  readonly host_name?: string;
  readonly mountpoint: string;
  readonly mode?: 'rw' | 'ro';
}

/** The legacy action, without a connector: it records an attachment and exports nothing. */
export async function attach({ db, seal }: Volumes, caller: Caller, id: string, input: AttachInput): Promise<void> {
  const volume = await getVolume(db, caller, id);
  await db.transaction(async (tx) => {
    const from = ['available', 'attaching', 'reserved'] as const;
    if (!(await updateVolumeState(tx, id, from, { status: 'in-use' })))
      throw invalidVolume(`Volume ${id} status must be available or attaching, currently ${volume.status}.`);
    const [serverId, mode, byService] = [input.instance_uuid ?? null, input.mode ?? 'rw', isService(caller)] as const;
    await insertAttachment(tx, {
      ...newAttachment(volume, { id: randomUUID(), serverId, mode, byService }, seal),
      status: 'attached',
      mountpoint: input.mountpoint,
      attachedHost: input.host_name ?? null,
      attachedAt: Date.now(),
    });
  });
}

/** Removes an attachment; with `force`, also resets a volume in an error status. */
export async function detach(
  service: Volumes,
  caller: Caller,
  id: string,
  attachmentId?: string | null,
  force = false,
): Promise<void> {
  const volume = await getVolume(service.db, caller, id);
  const attachments = await listAttachmentsOf(service.db, [id]);
  const wanted = attachmentId ? attachments.filter((each) => each.id === attachmentId) : attachments;
  if (!attachmentId && wanted.length > 1)
    throw invalidVolume('Detach volume failed: More than one attachment, but no attachment_id provided.');
  const [attachment] = wanted;
  if (attachment) return disconnect(service, caller, attachment, force);
  const from = force && volume.host !== null ? [...attachmentStatuses, ...failedStatuses] : attachmentStatuses; // a volume without data cannot be available
  await updateVolumeState(service.db, volume.id, from, { status: 'available' });
}
