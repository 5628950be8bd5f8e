import type { Knex } from 'knex';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { orLeave } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { endAction } from '../actions/store.ts';
import type { Compute } from '../context.ts';
import {
  changeInterface,
  type Interface,
  listInterfaces,
  readInterface,
  releaseInterface,
  removeInterface,
} from '../interfaces/store.ts';
import { wantedPower } from '../servers/states.ts';
import { changeServer, readServer, type Server } from '../servers/store.ts';
import { awaitTurn, ensureGuest, type OnServer } from './guest.ts';
import { addressesOf, keepPorts, plugPort, unplugPort } from './ports.ts';

export interface OnInterface extends OnServer {
  readonly interfaceId: string;
}

const deadlineMs = 10 * 60_000;

/** From attaching to attached; or back to nothing, and the reason in the action. */
export const attachInterface = workflow<OnInterface, Compute>({
  name: 'attach-interface',
  deadlineMs,
  steps: [step('plug-port', plug, unplug), step('plug-nic', plugNic, unplugNic)],
  done: async (tx, on, run) => {
    await releaseInterface(tx, { id: on.interfaceId, taskId: run.taskId }, { state: 'attached' });
    await told(tx, on, run);
  },
  failed: async (tx, on, run, reason) => {
    await removeInterface(tx, on.interfaceId);
    await told(tx, on, run, reason);
  },
});

/** From attached to nothing; or back, with the reason in the action. */
export const detachInterface = workflow<OnInterface, Compute>({
  name: 'detach-interface',
  deadlineMs,
  steps: [step('unplug-nic', wholeGuest, plugAgain), step('unplug-port', unplug)],
  done: async (tx, on, run) => {
    await removeInterface(tx, on.interfaceId);
    await told(tx, on, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseInterface(tx, { id: on.interfaceId, taskId: run.taskId }, { state: 'attached' });
    await told(tx, on, run, reason);
  },
});

async function told(tx: Knex, { serverId }: OnServer, run: Run, problem?: string): Promise<void> {
  await changeServer(tx, serverId, addressesOf(await listInterfaces(tx, serverId)));
  await endAction(tx, run.taskId, problem);
}

async function serverOf({ db }: Compute, id: string): Promise<Server> {
  const server = await readServer(db, id);
  if (!server) throw notFound('Instance', id);
  if (server.taskState === 'deleting') throw conflict(`Instance ${id} is being deleted.`);
  return server;
}

async function interfaceOf({ db }: Compute, { interfaceId }: OnInterface): Promise<Interface> {
  const nic = await readInterface(db, interfaceId);
  if (!nic) throw conflict(`Interface ${interfaceId} is gone with its server.`);
  return nic;
}

async function plug(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  const server = await serverOf(compute, on.serverId);
  const nic = await interfaceOf(compute, on);
  const made = await compute.network.listPorts({ device_id: server.id });
  const plugged = await plugPort(compute, server, nic, made, run);
  await run.commit((tx) => keepPorts(tx, [plugged]));
}

/** By the mark too: a port that no row names yet is found. */
async function unplug(compute: Compute, on: OnInterface): Promise<void> {
  const nic = await readInterface(compute.db, on.interfaceId);
  if (!nic) return;
  if (nic.portId !== null) return unplugPort(compute, nic.portId, !nic.ownPort);
  const made = await compute.network.listPorts({ device_id: on.serverId });
  for (const port of made.filter((each) => each['binding:profile']?.nic === nic.place))
    await unplugPort(compute, port.id, false);
}

async function plugNic(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  await serverOf(compute, on.serverId);
  await interfaceOf(compute, on);
  await wholeGuest(compute, on, run);
}

async function unplugNic(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  await run.commit((tx) => changeInterface(tx, on.interfaceId, { state: 'detaching' }));
  await orLeave(wholeGuest(compute, on, run));
}

async function plugAgain(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  await run.commit((tx) => changeInterface(tx, on.interfaceId, { state: 'attached' }));
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
