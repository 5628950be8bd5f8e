/** The operations of an attachment that need the storage host and wait for its result. */
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { waitFor } from '#shared/bus/wait.ts';
import { requireIscsiName } from '#shared/contracts/grammar.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksEnded, tasksWait, type Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { limitsOf } from '../qos/limits.ts';
import { volumeRows } from '../volumes/resource.ts';
import { connectAttachment, disconnectAttachment } from '../workflows/attachments.ts';
import { publicReason } from '../workflows/reasons.ts';
import { type Attachment, attachmentNotFound, attachmentRows, type Connector } from './resource.ts';
import { acquireAttachment } from './store.ts';

/** Waits until the task no longer owns the attachment: PUT and DELETE respond with the outcome. */
async function waitForTask({ db, bus, config }: Volumes, id: string, taskId: string): Promise<Attachment | undefined> {
  const { now } = await waitFor(bus, tasksEnded, config.pollMs, async () => {
    const found = await attachmentRows.find(db, { id });
    return found?.taskId === taskId ? undefined : { now: found };
  });
  return now;
}

/** Waits for the task of an earlier request: a caller that timed out or died may repeat it. */
async function waitUntilFree(service: Volumes, id: string): Promise<Attachment> {
  const now = await attachmentRows.find(service.db, { id });
  const free = now?.taskId ? await waitForTask(service, id, now.taskId) : now;
  if (!free) throw attachmentNotFound(id);
  return free;
}

/** A grant that exists is returned without calling the host, so that it survives while the host is away. */
const isConnected = ({ target, connector: known }: Attachment, { initiator, host }: Connector): boolean =>
  target !== null && known?.initiator === initiator && known?.host === host;

/** A service passes the reason on to its own caller, so it gets the public one. */
const reasonFor = (caller: Caller, { fault }: Attachment): string =>
  may(caller, 'context_is_admin') && !isService(caller) ? String(fault) : publicReason(String(fault));

/** Exports the volume to the connector's host. Idempotent. */
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
    const change = connectorChange(now, connector, await isReadOnly(tx, now));
    await attachmentRows.update(tx, { id, taskId: task }, { ...change, limits: await limitsOf(tx, now.volumeId) });
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
  mode === 'ro' || (await volumeRows.find(tx, { id: volumeId }))?.readOnly === true;

/** A read-only volume or attachment stays read-only, whatever mode the connector requests. */
function connectorChange({ mode }: Attachment, connector: Connector, readOnly: boolean): Partial<Attachment> {
  const asked = connector.mode === 'ro' || connector.mode === 'rw' ? connector.mode : null;
  return {
    connector,
    mode: readOnly ? 'ro' : (asked ?? (mode === 'null' ? 'rw' : mode)),
    mountpoint: connector.mountpoint ?? null,
    attachedHost: connector.host ?? null,
  };
}

/** Two hosts would corrupt a volume, unless it is multiattach or one server migrates between them. */
async function refuseSecondHost({ db }: Volumes, attachment: Attachment, connector: Connector): Promise<void> {
  const { volumeId, serverId, id } = attachment;
  const volume = await volumeRows.find(db, { id: volumeId });
  if (volume?.status.includes('error'))
    throw conflict(
      `Volume attachments can not be updated if the volume is in an error state. The Volume ${volumeId} currently has a status of: ${volume.status} `,
    );
  if (volume?.multiattach) return;
  const others = (await attachmentRows.list(db, { volumeId })).filter((other) => other.id !== id && other.connector);
  const isTaken = others.some((other) => other.serverId !== serverId || other.connector?.host === connector.host);
  if (isTaken) throw conflict(`duplicate connectors detected on volume ${volumeId}`);
}

/** Marks the attachment as attached: the guest has the disk. */
export async function complete({ db }: Volumes, { id, volumeId, attachedAt }: Attachment): Promise<void> {
  await db.transaction(async (tx) => {
    const change = { status: 'attached', attachedAt: attachedAt ?? Date.now() } as const;
    if (!(await attachmentRows.update(tx, { id, status: ['reserved', 'attaching', 'attached'] }, change)))
      throw attachmentNotFound(id);
    await volumeRows.update(
      tx,
      { id: volumeId, status: ['reserved', 'attaching', 'available', 'in-use'] },
      { status: 'in-use' },
    );
  });
}

/**
 * CVE-2023-2088: a user who detaches a volume here while a guest still has the disk could read the volume that is attached
 * next. So only a service, identified by its token, detaches a volume that a server uses. An attachment that compute does not
 * know (the server is deleted, or has another attachment) may be deleted by any member of the project.
 */
export async function refuseIfUsed(
  { compute }: Volumes,
  caller: Caller,
  { id, serverId, volumeId, target }: Attachment,
): Promise<void> {
  if (isService(caller) || serverId === null || target === null) return;
  const used = await compute.findAttachment(serverId, volumeId).catch(() => {
    throw new Fault(503, 'serviceUnavailable', `Compute did not report whether server ${serverId} uses the volume.`);
  });
  if (used !== id) return;
  throw conflict(`Detach volume from instance ${serverId} using the Compute API`);
}

/** Removes the export and the attachment. A host that is away removes its export when it returns. */
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
