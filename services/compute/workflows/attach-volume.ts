import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { wantedPower } from '../servers/states.ts';
import { changeServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, ensureGuestAsRows, getServerNotDeleting, type OnServer } from './guest.ts';
import { completeVolume, connectVolume, disconnectVolume } from './volumes.ts';

export interface OnAttachment extends OnServer {
  readonly attachmentId: string;
  readonly volumeId: string;
}

const deadlineMs = 10 * 60_000;

/** From attaching to attached; on failure removes the attachment, with the reason in the action. */
export const attachVolume = workflow<OnAttachment, Compute>({
  name: 'attach-volume',
  deadlineMs,
  steps: [step('connect', connect, disconnect), step('plug-disk', plugDisk, unplugDisk), step('complete', complete)],
  done: becomeAttached,
  failed: becomeNothing,
});

/** From attached to removed; on failure attached again, with the reason in the action. */
export const detachVolume = workflow<OnAttachment, Compute>({
  name: 'detach-volume',
  deadlineMs,
  steps: [step('unplug-disk', detachDisk, plugAgain), step('disconnect', disconnect)],
  done: becomeNothing,
  failed: becomeAttached,
});

async function becomeAttached(tx: Knex, on: OnAttachment, run: Run, problem?: string): Promise<void> {
  await attachmentTable.release(tx, { id: on.attachmentId, taskId: run.taskId }, { state: 'attached' });
  await bumpVersion(tx, on, run, problem);
}

async function becomeNothing(tx: Knex, on: OnAttachment, run: Run, problem?: string): Promise<void> {
  await attachmentTable.remove(tx, on.attachmentId);
  await bumpVersion(tx, on, run, problem);
}

/** Increments the server's version, since lists show its volumes. */
async function bumpVersion(tx: Knex, { serverId }: OnServer, run: Run, problem?: string): Promise<void> {
  await changeServer(tx, serverId, {});
  await endAction(tx, run, problem);
}

async function attachmentOf({ db }: Compute, { attachmentId }: OnAttachment): Promise<Attachment> {
  const attachment = await attachmentTable.find(db, attachmentId);
  if (!attachment) throw conflict(`Attachment ${attachmentId} is gone with its server.`);
  return attachment;
}

async function connect(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  const server = await getServerNotDeleting(compute, on);
  await connectVolume(compute, server, await attachmentOf(compute, on), run);
}

async function disconnect(compute: Compute, { serverId, volumeId }: OnAttachment, run: Run): Promise<void> {
  await disconnectVolume(compute, { instance: serverId, volume: volumeId }, run.signal);
}

async function plugDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getServerNotDeleting(compute, on);
  await attachmentOf(compute, on);
  if (server.host === null) return;
  const { devices } = await ensureGuest(compute, server, run, { power: wantedPower(server) });
  const device = devices[on.volumeId];
  if (device !== undefined)
    await run.commit((tx) => attachmentTable.change(tx, on.attachmentId, { device: `/dev/${device}` }));
}

/** Sets the row to detaching first, so that the guest's spec is without it. */
async function unplugDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await run.commit((tx) => attachmentTable.change(tx, on.attachmentId, { state: 'detaching' }));
  await ignoreHostAway(ensureGuestAsRows(compute, on, run));
}

async function complete(compute: Compute, on: OnAttachment): Promise<void> {
  await completeVolume(compute, await attachmentOf(compute, on));
}

async function detachDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await getServerNotDeleting(compute, on);
  await ensureGuestAsRows(compute, on, run);
}

async function plugAgain(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await run.commit((tx) => attachmentTable.change(tx, on.attachmentId, { state: 'attached' }));
  await ignoreHostAway(ensureGuestAsRows(compute, on, run));
}
