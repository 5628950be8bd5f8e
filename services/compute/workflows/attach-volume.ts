import type { Knex } from 'knex';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { orLeave } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { endAction } from '../actions/store.ts';
import {
  type Attachment,
  changeAttachment,
  readAttachment,
  releaseAttachment,
  removeAttachment,
} from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { wantedPower } from '../servers/states.ts';
import { changeServer, readServer, type Server } from '../servers/store.ts';
import { awaitTurn, ensureGuest, type OnServer } from './guest.ts';
import { completeVolume, connectVolume, disconnectVolume } from './volumes.ts';

export interface OnAttachment extends OnServer {
  readonly attachmentId: string;
  readonly volumeId: string;
}

const deadlineMs = 10 * 60_000;

/** From attaching to attached; or back to nothing, and the reason in the action. */
export const attachVolume = workflow<OnAttachment, Compute>({
  name: 'attach-volume',
  deadlineMs,
  steps: [step('connect', connect, disconnect), step('plug-disk', plugDisk, unplugDisk), step('complete', complete)],
  done: async (tx, on, run) => {
    await releaseAttachment(tx, { id: on.attachmentId, taskId: run.taskId }, { state: 'attached' });
    await touched(tx, on, run);
  },
  failed: async (tx, on, run, reason) => {
    await removeAttachment(tx, on.attachmentId);
    await touched(tx, on, run, reason);
  },
});

/** From attached to nothing; or back, with the reason in the action. */
export const detachVolume = workflow<OnAttachment, Compute>({
  name: 'detach-volume',
  deadlineMs,
  steps: [step('unplug-disk', pullDisk, plugAgain), step('disconnect', disconnect)],
  done: async (tx, on, run) => {
    await removeAttachment(tx, on.attachmentId);
    await touched(tx, on, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseAttachment(tx, { id: on.attachmentId, taskId: run.taskId }, { state: 'attached' });
    await touched(tx, on, run, reason);
  },
});

/** What lists show of the server is another version now. */
async function touched(tx: Knex, { serverId }: OnServer, run: Run, problem?: string): Promise<void> {
  await changeServer(tx, serverId, {});
  await endAction(tx, run.taskId, problem);
}

/** A server that goes takes no disk any more. */
async function serverOf({ db }: Compute, id: string): Promise<Server> {
  const server = await readServer(db, id);
  if (!server) throw notFound('Instance', id);
  if (server.taskState === 'deleting') throw conflict(`Instance ${id} is being deleted.`);
  return server;
}

async function attachmentOf({ db }: Compute, { attachmentId }: OnAttachment): Promise<Attachment> {
  const attachment = await readAttachment(db, attachmentId);
  if (!attachment) throw conflict(`Attachment ${attachmentId} is gone with its server.`);
  return attachment;
}

async function connect(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  const server = await serverOf(compute, on.serverId);
  await connectVolume(compute, server, await attachmentOf(compute, on), run);
}

async function disconnect(compute: Compute, { serverId, volumeId }: OnAttachment, run: Run): Promise<void> {
  await disconnectVolume(compute, { instance: serverId, volume: volumeId }, run.signal);
}

async function plugDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await awaitTurn(compute, on.serverId, run);
  const server = await serverOf(compute, on.serverId);
  await attachmentOf(compute, on);
  if (server.host === null) return;
  const { devices } = await ensureGuest(compute, server, run, { power: wantedPower(server) });
  const device = devices[on.volumeId];
  if (device !== undefined)
    await run.commit((tx) => changeAttachment(tx, on.attachmentId, { device: `/dev/${device}` }));
}

/** Its row says detaching first, so the whole guest is without it. */
async function unplugDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await run.commit((tx) => changeAttachment(tx, on.attachmentId, { state: 'detaching' }));
  await orLeave(wholeGuest(compute, on, run));
}

async function complete(compute: Compute, on: OnAttachment): Promise<void> {
  await completeVolume(compute, await attachmentOf(compute, on));
}

async function pullDisk(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await serverOf(compute, on.serverId);
  await wholeGuest(compute, on, run);
}

async function plugAgain(compute: Compute, on: OnAttachment, run: Run): Promise<void> {
  await run.commit((tx) => changeAttachment(tx, on.attachmentId, { state: 'attached' }));
  await orLeave(wholeGuest(compute, on, run));
}

/** The guest as its rows say; nothing to do where it is gone or going. */
async function wholeGuest(compute: Compute, { serverId }: OnServer, run: Run): Promise<void> {
  if (!(await readServer(compute.db, serverId))) return;
  await awaitTurn(compute, serverId, run);
  const server = await readServer(compute.db, serverId);
  if (!server || server.host === null || server.taskState === 'deleting') return;
  await ensureGuest(compute, server, run, { power: wantedPower(server) });
}
