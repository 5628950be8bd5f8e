import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { wantedPower } from '../servers/states.ts';
import { changeServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, ensureGuestAsRows, getServerNotDeleting, type OnServer } from './guest.ts';
import { partSteps } from './parts.ts';
import { completeVolume, connectVolume, connectVolumeTo, disconnectVolume } from './volumes.ts';

export interface OnAttachment extends OnServer {
  readonly attachmentId: string;
  readonly volumeId: string;
}

const parts = partSteps<OnAttachment, Attachment>({
  table: attachmentTable,
  noun: 'Attachment',
  idOf: ({ attachmentId }) => attachmentId,
  save: (tx, { serverId }) => changeServer(tx, serverId, {}), // lists show its volumes
});
const { get, unplug: unplugDisk, ensureUnplugged, plugAgain, becomeAttached, becomeNothing } = parts;

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
  steps: [step('unplug-disk', ensureUnplugged, plugAgain), step('disconnect', disconnect)],
  done: becomeNothing,
  failed: becomeAttached,
});

/** The guest sees the new size of a volume. On failure it does so when it is next changed, or boots. */
export const extendDisk = workflow<OnAttachment, Compute>({
  name: 'extend-volume',
  deadlineMs,
  steps: [step('grow-disk', growDisk)],
  done: (tx, _, run) => endAction(tx, run),
  failed: (tx, _, run, problem) => endAction(tx, run, problem),
});

/** Its storage may show the new size at another LUN. */
async function growDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  const { host } = await getServerNotDeleting(compute, on);
  await acquireGuestLock(compute, on.serverId, run);
  const { size: sizeGb } = await compute.volumes.show(on.volumeId);
  if (host !== null) await connectVolumeTo(compute, await get(compute, on), host, run);
  await run.commit((tx) => attachmentTable.change(tx, on.attachmentId, { sizeGb }));
  await ensureGuestAsRows(compute, on, run);
}

async function connect(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  const server = await getServerNotDeleting(compute, on);
  await connectVolume(compute, server, await get(compute, on), run);
}

async function disconnect(compute: Compute, { serverId, volumeId }: OnAttachment, run: Run): Promise<void> {
  await disconnectVolume(compute, { instance: serverId, volume: volumeId }, run.signal);
}

async function plugDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getServerNotDeleting(compute, on);
  await get(compute, on);
  if (server.host === null) return;
  const { devices } = await ensureGuest(compute, server, run, { power: wantedPower(server) });
  const device = devices[on.volumeId];
  if (device !== undefined)
    await run.commit((tx) => attachmentTable.change(tx, on.attachmentId, { device: `/dev/${device}` }));
}

async function complete(compute: Compute, on: OnAttachment): Promise<void> {
  await completeVolume(compute, await get(compute, on));
}
