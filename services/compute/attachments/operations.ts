import { randomUUID } from 'node:crypto';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import type { VolumeJson } from '#shared/clients/volume.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { problemOf } from '../instance-actions/store.ts';
import { beginPartTask, checkState, nextPlace, waitForPart } from '../server-parts/operations.ts';
import { multiattachTooOld } from '../servers/disk-sources.ts';
import { referencesOf } from '../servers/references.ts';
import type { Server } from '../servers/store.ts';
import { attachVolume, detachVolume } from '../workflows/attach-volume.ts';
import { defaultBusOf, ownDisks } from '../workflows/guest-spec.ts';
import { nextDevice } from '../workflows/volumes.ts';
import { type Attachment, attachmentTable } from './store.ts';

export interface AttachInput {
  readonly volumeId: string;
  readonly device?: string | null;
  readonly tag?: string | null;
  readonly delete_on_termination?: boolean;
}

interface Requester {
  readonly caller: Caller;
  readonly version: Version;
}

/** Waits until the volume service has reserved the volume, which the response states; the task continues after that. */
export async function attach(
  compute: Compute,
  asking: Requester,
  server: Server,
  input: AttachInput,
): Promise<Attachment> {
  checkState(server, 'attach_volume');
  const volume = await attachableVolume(compute, asking, input.volumeId);
  const [id, serverId] = [randomUUID(), server.id];
  const { taskId: task, made } = await beginPartTask(compute, asking.caller, server, {
    workflow: attachVolume,
    params: { serverId, attachmentId: id, volumeId: volume.id },
    action: 'attach_volume',
    event: 'compute_attach_volume',
    change: async (tx, taskId) => {
      const disks = await attachmentTable.list(tx, serverId);
      if (disks.some(({ volumeId }) => volumeId === volume.id))
        throw conflict(`Invalid volume: volume ${volume.id} already attached`);
      const attachment = newAttachment({ id, taskId, volume, input, disks, server });
      await attachmentTable.insert(tx, attachment);
      return attachment;
    },
  });
  const reserved = async () => {
    const now = await attachmentTable.find(compute.db, id);
    if (!now)
      throw badRequest(`Invalid volume: ${(await problemOf(compute.db, task)) ?? `${volume.id} was not reserved.`}`);
    return now.attachmentId === null ? undefined : now;
  };
  await waitForPart(compute, reserved, () => stillReserved(volume.id));
  return made;
}

const stillReserved = (volumeId: string) =>
  new Fault(500, 'unexpected', `Volume ${volumeId} is still being reserved: check again later.`);

interface NewAttachment {
  readonly id: string;
  readonly taskId: string;
  readonly volume: VolumeJson;
  readonly input: AttachInput;
  readonly disks: readonly Attachment[];
  readonly server: Server;
}

/** The volume is on the bus of the server's other disks, as in Nova. */
const newAttachment = ({ id, taskId, volume, input, disks, server }: NewAttachment): Attachment => {
  const bus = defaultBusOf(server, disks);
  return {
    id,
    serverId: server.id,
    taskId,
    place: nextPlace(disks),
    state: 'attaching',
    destination: 'volume',
    source: 'volume',
    sourceId: volume.id,
    volumeId: volume.id,
    volumeType: null,
    attachmentId: null,
    bootIndex: null,
    device: input.device ?? nextDevice(bus, ownDisks(server, disks), disks),
    bus,
    cdrom: false,
    sizeGb: volume.size,
    deleteOnTermination: input.delete_on_termination ?? false,
    created: false,
    tag: input.tag ?? null,
    connection: null,
    createdAt: Date.now(),
  };
};

/** Uses the caller's token. */
async function attachableVolume(compute: Compute, { caller, version }: Requester, id: string): Promise<VolumeJson> {
  const missing = () => new Fault(404, 'notFound', `Volume ${id} could not be found.`);
  const volume = await referencesOf(compute, caller).volume(id, missing);
  if (volume.multiattach === true && !atLeast(version, '2.60')) throw multiattachTooOld();
  const isShared = volume.multiattach === true && volume.status === 'in-use';
  if (volume.status !== 'available' && !isShared)
    throw badRequest(`Invalid volume: volume '${id}' status must be 'available'. Currently in '${volume.status}'`);
  return volume;
}

/** Acquires the attachment for the task that detaches it. */
export async function detach(compute: Compute, caller: Caller, server: Server, volumeId: string): Promise<void> {
  checkState(server, 'detach_volume');
  const { id, state, bootIndex } = await getAttachment(compute, server.id, volumeId);
  if (bootIndex === 0) throw new Fault(403, 'forbidden', `Cannot detach a root device volume`);
  await beginPartTask(compute, caller, server, {
    workflow: detachVolume,
    params: { serverId: server.id, attachmentId: id, volumeId },
    action: 'detach_volume',
    event: 'compute_detach_volume',
    change: async (tx, taskId) => {
      if (!(await attachmentTable.acquire(tx, { id, taskId })))
        throw badRequest(`Invalid volume: Invalid input received: volume ${volumeId} is ${state} now.`);
    },
  });
}

export async function getAttachment({ db }: Compute, serverId: string, volumeId: string): Promise<Attachment> {
  const attachment = await attachmentTable.findBy(db, { serverId, volumeId });
  if (attachment) return attachment;
  throw new Fault(404, 'notFound', `Instance ${serverId} is not attached to volume ${volumeId}.`);
}
