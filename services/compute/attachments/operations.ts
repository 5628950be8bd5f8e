import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import type { VolumeJson } from '#shared/clients/volume.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { type Compute, tasksWait } from '../context.ts';
import { beginAction, problemOf } from '../instance-actions/store.ts';
import { multiattachTooOld } from '../servers/disk-sources.ts';
import { referencesOf } from '../servers/references.ts';
import { changeServer, type Server } from '../servers/store.ts';
import { attachVolume, detachVolume } from '../workflows/attach-volume.ts';
import { defaultBusOf } from '../workflows/guest-spec.ts';
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

const attachable = ['active', 'paused', 'stopped'];

function checkState({ id, vmState, taskState }: Server, verb: string): void {
  if (!attachable.includes(vmState))
    throw conflict(`Cannot '${verb}' instance ${id} while it is in vm_state ${vmState}`);
  if (taskState !== null) throw conflict(`Cannot '${verb}' instance ${id} while it is in task_state ${taskState}`);
}

/** Inserts the attachment and its task in one transaction. */
export async function attach(
  compute: Compute,
  asking: Requester,
  server: Server,
  input: AttachInput,
): Promise<Attachment> {
  checkState(server, 'attach_volume');
  const { caller } = asking;
  const volume = await attachableVolume(compute, asking, input.volumeId);
  const { id: serverId, host } = server;
  const made = await compute.db.transaction(async (tx) => {
    await changeServer(tx, serverId, {}); // locks the row, so that a concurrent request sees this disk
    const disks = await attachmentTable.list(tx, serverId);
    if (disks.some(({ volumeId }) => volumeId === volume.id))
      throw conflict(`Invalid volume: volume ${volume.id} already attached`);
    const id = randomUUID();
    const params = { serverId, attachmentId: id, volumeId: volume.id };
    const taskId = await enqueue(tx, attachVolume, params, caller.requestId);
    const attachment = newAttachment({ id, serverId, taskId, volume, input, disks, server });
    await attachmentTable.insert(tx, attachment);
    await beginAction(tx, caller, { serverId, action: 'attach_volume', taskId, event: 'compute_attach_volume', host });
    return attachment;
  });
  compute.bus.notify(tasksWait);
  await waitForReservation(compute, made);
  return made;
}

const waitMs = 30_000;
const pollMs = 25;

/** Waits until the volume service has reserved the volume, which the response states; the task continues after that. */
async function waitForReservation({ db }: Compute, { id, taskId, volumeId }: Attachment): Promise<void> {
  for (const deadline = Date.now() + waitMs; ; await sleep(pollMs)) {
    const now = await attachmentTable.find(db, id);
    if (now && now.attachmentId !== null) return;
    if (!now)
      throw badRequest(`Invalid volume: ${(await problemOf(db, taskId ?? '')) ?? `${volumeId} was not reserved.`}`);
    if (Date.now() >= deadline)
      throw new Fault(500, 'unexpected', `Volume ${volumeId} is still being reserved: check again later.`);
  }
}

interface NewAttachment {
  readonly id: string;
  readonly serverId: string;
  readonly taskId: string;
  readonly volume: VolumeJson;
  readonly input: AttachInput;
  readonly disks: readonly Attachment[];
  readonly server: Server;
}

/** The volume is on the bus of the server's other disks, as in Nova. */
const newAttachment = ({ id, serverId, taskId, volume, input, disks, server }: NewAttachment): Attachment => {
  const bus = defaultBusOf(server, disks);
  const used = [server.rootDevice ?? '/dev/vda', ...disks.map(({ device }) => device)];
  return {
    id,
    serverId,
    taskId,
    place: Math.max(-1, ...disks.map(({ place }) => place)) + 1,
    state: 'attaching',
    destination: 'volume',
    source: 'volume',
    sourceId: volume.id,
    volumeId: volume.id,
    volumeType: null,
    attachmentId: null,
    bootIndex: null,
    device: input.device ?? nextDevice(bus, used),
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
  const { id: serverId, host } = server;
  const attachment = await getAttachment(compute, serverId, volumeId);
  if (attachment.bootIndex === 0) throw new Fault(403, 'forbidden', `Cannot detach a root device volume`);
  await compute.db.transaction(async (tx) => {
    const params = { serverId, attachmentId: attachment.id, volumeId };
    const taskId = await enqueue(tx, detachVolume, params, caller.requestId);
    if (!(await attachmentTable.acquire(tx, { id: attachment.id, taskId })))
      throw badRequest(`Invalid volume: Invalid input received: volume ${volumeId} is ${attachment.state} now.`);
    await changeServer(tx, serverId, {});
    await beginAction(tx, caller, { serverId, action: 'detach_volume', taskId, event: 'compute_detach_volume', host });
  });
  compute.bus.notify(tasksWait);
}

export async function getAttachment({ db }: Compute, serverId: string, volumeId: string): Promise<Attachment> {
  const attachment = await attachmentTable.findBy(db, { serverId, volumeId });
  if (attachment) return attachment;
  throw new Fault(404, 'notFound', `Instance ${serverId} is not attached to volume ${volumeId}.`);
}
