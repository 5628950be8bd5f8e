import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { cancel, enqueue, paramsOf } from '#shared/workflow/tasks.ts';
import { beginAction, endAbandoned } from '../actions/store.ts';
import { type Compute, taskCancelled, tasksWait } from '../context.ts';
import { limitsFor } from '../quotas/operations.ts';
import { deleteServer } from '../workflows/delete-server.ts';
import {
  hardRebootServer,
  pauseServer,
  rebootServer,
  startServer,
  stopServer,
  unpauseServer,
} from '../workflows/power.ts';
import { dropSnapshot, snapshotServer } from '../workflows/snapshot-server.ts';
import { checkMetadata } from './launch.ts';
import { rowOfGuest, type Verb } from './states.ts';
import {
  acquireServer,
  changeServer,
  findServer,
  getServer,
  type Server,
  tryAcquireServer,
  updateOwnedServer,
} from './store.ts';

/** The caller may act on a server that its owner locked. */
type MayOverride = boolean;

export function checkUnlocked({ id, lockedBy }: Server, mayOverride: MayOverride): void {
  if (lockedBy !== null && !mayOverride) throw conflict(`Instance ${id} is locked`);
}

const powerActions = {
  start: { flow: startServer, action: 'start' },
  stop: { flow: stopServer, action: 'stop' },
  reboot: { flow: rebootServer, action: 'reboot' },
  pause: { flow: pauseServer, action: 'pause' },
  unpause: { flow: unpauseServer, action: 'unpause' },
} as const;

/** Acquires the server for a new task, in one transaction; 409 when its state does not allow it. */
export async function changePower(
  compute: Compute,
  caller: Caller,
  server: Server,
  verb: keyof typeof powerActions,
): Promise<void> {
  const { flow, action } = powerActions[verb];
  const { id: serverId, vmState: from, host } = server;
  await compute.db.transaction(async (tx) => {
    const taskId = await enqueue(tx, flow, { serverId, from }, caller.requestId);
    await acquireServer(tx, verb, { id: serverId, taskId });
    await beginAction(tx, caller, { serverId, action, taskId, host });
  });
  compute.bus.notify(tasksWait);
}

/** Replaces a reboot or a pause that hangs. */
export async function rebootHard(compute: Compute, caller: Caller, server: Server): Promise<void> {
  const { id: serverId, vmState: from, host } = server;
  await compute.db.transaction(async (tx) => {
    const taskId = await enqueue(tx, hardRebootServer, { serverId, from }, caller.requestId);
    const owned = { id: serverId, taskId };
    const over: Verb = 'hardRebootOver';
    if (!(await tryAcquireServer(tx, over, owned))) await acquireServer(tx, 'hardReboot', owned);
    await beginAction(tx, caller, { serverId, action: 'reboot', taskId, host });
    await endAbandoned(tx, serverId, taskId);
  });
  compute.bus.notify(taskCancelled);
  compute.bus.notify(tasksWait);
}

/** From any state, replacing any other task. Idempotent while the server is being deleted. */
export async function removeServer(compute: Compute, caller: Caller, server: Server): Promise<void> {
  if (server.taskState === 'deleting') return;
  const { id: serverId, host } = server;
  await compute.db.transaction(async (tx) => {
    const snapshot = await snapshotInProgress(tx, serverId);
    const taskId = await enqueue(tx, deleteServer, { serverId, ...snapshot }, caller.requestId);
    await acquireServer(tx, 'delete', { id: serverId, taskId });
    await beginAction(tx, caller, { serverId, action: 'delete', taskId, event: 'compute_terminate_instance', host });
    await endAbandoned(tx, serverId, taskId);
  });
  compute.bus.notify(taskCancelled);
  compute.bus.notify(tasksWait);
}

/** The image that must be removed when the server's current task is cancelled. */
async function snapshotInProgress(tx: Knex, serverId: string): Promise<{ readonly imageId?: string }> {
  const now = await findServer(tx, serverId);
  const snapshot = await paramsOf(tx, snapshotServer, now?.taskId ?? null);
  return snapshot ? { imageId: snapshot.imageId } : {};
}

interface SnapshotInput {
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Creates a queued image with the caller's token; the task uploads its data. */
export async function snapshot(
  compute: Compute,
  caller: Caller,
  server: Server,
  input: SnapshotInput,
): Promise<string> {
  const { image, id: serverId, flavor, host } = server;
  if (image === null)
    throw badRequest(
      'A server that boots from a volume cannot be copied to an image: create a snapshot of its volume.',
    );
  if (server.host === null) throw conflict(`Instance ${serverId} has no host.`);
  const { images, db } = compute;
  const made = await images.create(
    {
      ...image.properties,
      ...input.metadata,
      name: input.name,
      disk_format: 'qcow2',
      container_format: 'bare',
      visibility: 'private',
      min_ram: image.minRamMb,
      min_disk: Math.max(image.minDiskGb, flavor.diskGb),
      image_type: 'snapshot',
      instance_uuid: serverId,
      base_image_ref: image.id,
      user_id: caller.userId,
    },
    caller.token,
  );
  const begin = db.transaction(async (tx) => {
    const taskId = await enqueue(tx, snapshotServer, { serverId, imageId: made.id }, caller.requestId);
    await acquireServer(tx, 'snapshot', { id: serverId, taskId });
    await beginAction(tx, caller, {
      serverId,
      action: 'createImage',
      taskId,
      event: 'compute_snapshot_instance',
      host,
    });
  });
  await begin.catch(async (error: unknown) => {
    await images.remove(made.id);
    throw error;
  });
  compute.bus.notify(tasksWait);
  return made.id;
}

/** Sets the state by an administrator and cancels the task of the server. */
export async function resetState(
  { db, bus }: Compute,
  caller: Caller,
  server: Server,
  state: 'active' | 'error',
): Promise<void> {
  await db.transaction(async (tx) => {
    const { imageId } = await snapshotInProgress(tx, server.id);
    if (imageId !== undefined) await enqueue(tx, dropSnapshot, { imageId }, caller.requestId);
    if (server.taskId !== null) await cancel(tx, server.taskId);
    const change = state === 'active' ? { vmState: rowOfGuest.on.vmState, fault: null } : { vmState: 'error' as const };
    await updateOwnedServer(tx, server, { ...change, taskState: null, taskId: null });
    await beginAction(tx, caller, {
      serverId: server.id,
      action: 'resetState',
      host: server.host,
      finishedAt: Date.now(),
      result: 'Success',
    });
    await endAbandoned(tx, server.id, '');
  });
  bus.notify(taskCancelled);
  bus.notify(tasksWait);
}

export const lock = async ({ db }: Compute, server: Server, lockedBy: 'owner' | 'admin', reason: string | null) => {
  await changeServer(db, server.id, { lockedBy, lockedReason: reason });
};

/** A server that an administrator locked is unlocked only by callers who may override locks. */
export async function unlock({ db }: Compute, server: Server, mayOverride: MayOverride): Promise<void> {
  if (server.lockedBy === 'admin' && !mayOverride)
    throw new Fault(
      403,
      'forbidden',
      "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.",
    );
  await changeServer(db, server.id, { lockedBy: null, lockedReason: null });
}

type Metadata = Readonly<Record<string, string>>;

/** Serializes changes by a lock on the row. */
export async function changeMetadata(
  { db, config }: Compute,
  caller: Caller,
  id: string,
  change: (now: Metadata) => Metadata,
): Promise<Metadata> {
  return db.transaction(async (tx) => {
    await changeServer(tx, id, {}); // first the lock, then the look
    const server = await getServer(tx, caller, id);
    if (server.vmState === 'building' || server.vmState === 'error')
      throw conflict(`Cannot 'update_instance_metadata' instance ${id} while it is in vm_state ${server.vmState}`);
    const metadata = change(server.metadata);
    checkMetadata(metadata, (await limitsFor(tx, config, server.projectId)).metadata_items ?? -1);
    await changeServer(tx, id, { metadata });
    return metadata;
  });
}

export async function changeTags(
  { db }: Compute,
  caller: Caller,
  id: string,
  change: (now: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  return db.transaction(async (tx) => {
    await changeServer(tx, id, {}); // first the lock, then the look
    const tags = [...new Set(change((await getServer(tx, caller, id)).tags))];
    if (tags.length > 50) throw badRequest('The number of tags exceeded the per-server limit 50');
    await changeServer(tx, id, { tags });
    return tags;
  });
}
