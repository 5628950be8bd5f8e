/** The verbs of an attachment that ask the storage host, and wait for what it answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { requireIscsiName } from '#shared/contracts/grammar.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { findVolume, updateVolumeState } from '../volumes/store.ts';
import { connectAttachment, disconnectAttachment } from '../workflows/attachments.ts';
import { publicReason } from '../workflows/reasons.ts';
import {
  type Attachment,
  acquireAttachment,
  attachmentNotFound,
  type Connector,
  findAttachment,
  listAttachmentsOf,
  updateAttachmentState,
  updateOwnedAttachment,
} from './store.ts';

const pollMs = 25;

/** Waits for the work that owns it: the caller of PUT and DELETE wants the outcome, not a promise. */
async function waitForTask({ db }: Volumes, id: string, taskId: string): Promise<Attachment | undefined> {
  for (;;) {
    const now = await findAttachment(db, id);
    if (now?.taskId !== taskId) return now;
    await sleep(pollMs);
  }
}

/** A caller who lost patience, or died, asks again while the work of his first request goes on. */
async function waitUntilFree(service: Volumes, id: string): Promise<Attachment> {
  const now = await findAttachment(service.db, id);
  const free = now?.taskId ? await waitForTask(service, id, now.taskId) : now;
  if (!free) throw attachmentNotFound(id);
  return free;
}

/** Then nothing is asked of the host: a way in that stands must not fall because the host is away for a moment. */
const isConnected = ({ target, connector: known }: Attachment, { initiator, host }: Connector): boolean =>
  target !== null && known?.initiator === initiator && known?.host === host;

/** A service hands on what it is told, so it is told what its caller may know. */
const reasonFor = (caller: Caller, { fault }: Attachment): string =>
  isAdmin(caller) && !isService(caller) ? String(fault) : publicReason(String(fault));

/** Exports the volume to the connector's host. Asked again it gives the same. */
export async function connect(
  service: Volumes,
  caller: Caller,
  attachment: Attachment,
  connector: Connector,
): Promise<Attachment> {
  const { db, bus } = service;
  const { id } = attachment;
  requireIscsiName(connector.initiator, "the connector's initiator");
  await refuseSecondHost(service, attachment, connector);
  const now = await waitUntilFree(service, id);
  if (isConnected(now, connector)) return now;
  const taskId = await db.transaction(async (tx) => {
    const task = await enqueue(tx, connectAttachment, { attachmentId: id }, caller.requestId);
    if (!(await acquireAttachment(tx, 'connect', { id, taskId: task })))
      throw conflict(`Attachment ${id} is being changed already.`);
    await updateOwnedAttachment(tx, { id, taskId: task }, connectorChange(now, connector, await isReadOnly(tx, now)));
    return task;
  });
  bus.notify(tasksWait);
  const done = await waitForTask(service, id, taskId);
  if (!done) throw attachmentNotFound(id);
  if (done.status === 'error_attaching')
    throw new Fault(500, 'unexpected', `Unable to update attachment.(${reasonFor(caller, done)}).`);
  return done;
}

const isReadOnly = async (tx: Volumes['db'], { volumeId, mode }: Attachment): Promise<boolean> =>
  mode === 'ro' || (await findVolume(tx, volumeId))?.readOnly === true;

/** What is read-only stays so, whatever a connector asks: its host must know before it hands the disk on. */
function connectorChange({ mode }: Attachment, connector: Connector, readOnly: boolean): Partial<Attachment> {
  const asked = connector.mode === 'ro' || connector.mode === 'rw' ? connector.mode : null;
  return {
    connector,
    mode: readOnly ? 'ro' : (asked ?? (mode === 'null' ? 'rw' : mode)),
    mountpoint: connector.mountpoint ?? null,
    attachedHost: connector.host ?? null,
  };
}

/** Two hosts at one volume would ruin it, unless the volume is made for it, or one server moves between them. */
async function refuseSecondHost({ db }: Volumes, attachment: Attachment, connector: Connector): Promise<void> {
  const { volumeId, serverId, id } = attachment;
  const volume = await findVolume(db, volumeId);
  if (volume?.status.includes('error'))
    throw conflict(
      `Volume attachments can not be updated if the volume is in an error state. The Volume ${volumeId} currently has a status of: ${volume.status} `,
    );
  if (volume?.multiattach) return;
  const others = (await listAttachmentsOf(db, [volumeId])).filter((other) => other.id !== id && other.connector);
  const isTaken = others.some((other) => other.serverId !== serverId || other.connector?.host === connector.host);
  if (isTaken) throw conflict(`duplicate connectors detected on volume ${volumeId}`);
}

/** The guest has it. */
export async function complete({ db }: Volumes, { id, volumeId, attachedAt }: Attachment): Promise<void> {
  await db.transaction(async (tx) => {
    const change = { status: 'attached', attachedAt: attachedAt ?? Date.now() } as const;
    if (!(await updateAttachmentState(tx, id, ['reserved', 'attaching', 'attached'], change)))
      throw attachmentNotFound(id);
    await updateVolumeState(tx, volumeId, ['reserved', 'attaching', 'available', 'in-use'], { status: 'in-use' });
  });
}

/**
 * CVE-2023-2088: who detaches a volume here that a guest still has could read what is attached next. So only another
 * service, which says so with its own token, takes away what a server uses. What compute knows nothing of (the server is
 * gone, or has another attachment) anybody of the project may clear away.
 */
export async function refuseIfUsed(
  { servers }: Volumes,
  caller: Caller,
  { id, serverId, volumeId, target }: Attachment,
): Promise<void> {
  if (isService(caller) || serverId === null || target === null) return;
  if ((await servers.attachmentOf(serverId, volumeId)) !== id) return;
  throw conflict(`Detach volume from instance ${serverId} using the Compute API`);
}

/** Ends the export and the attachment. A host that is away is told when it returns. */
export async function disconnect(service: Volumes, caller: Caller, { id }: Attachment, force = false): Promise<void> {
  const { db, bus } = service;
  const taskId = await db.transaction(async (tx) => {
    const task = await enqueue(tx, disconnectAttachment, { attachmentId: id, force }, caller.requestId);
    if (!(await acquireAttachment(tx, 'disconnect', { id, taskId: task }))) throw attachmentNotFound(id);
    return task;
  });
  bus.notify(tasksWait);
  const left = await waitForTask(service, id, taskId);
  if (left) throw new Fault(500, 'unexpected', `Attachment ${id} could not be removed: ${reasonFor(caller, left)}`);
}
