import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#shared/auth/caller.ts';
import type { PortJson } from '#shared/clients/network.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { cancel, enqueue } from '#shared/workflow/tasks.ts';
import { type Compute, tasksWait } from '../context.ts';
import { beginAction, problemOf } from '../instance-actions/store.ts';
import type { NetworkInput } from '../servers/input.ts';
import { referencesOf } from '../servers/references.ts';
import { requestedNic, requestedNics } from '../servers/requested-networks.ts';
import { changeServer, findServer, type Server } from '../servers/store.ts';
import { attachInterface, detachInterface } from '../workflows/attach-interface.ts';
import { addressesOf, copyOf } from '../workflows/ports.ts';
import { type Interface, interfaceTable } from './store.ts';

export interface InterfaceInput {
  readonly port_id?: string;
  readonly net_id?: string;
  readonly fixed_ips?: readonly { readonly ip_address: string }[];
  readonly tag?: string;
}

const attachable = ['active', 'paused', 'stopped'];

function checkState({ id, vmState, taskState }: Server, verb: string): void {
  if (!attachable.includes(vmState))
    throw conflict(`Cannot '${verb}' instance ${id} while it is in vm_state ${vmState}`);
  if (taskState !== null) throw conflict(`Cannot '${verb}' instance ${id} while it is in task_state ${taskState}`);
}

const waitMs = 30_000;
const pollMs = 50;

/** Waits for the task, since the response shows the port with its addresses. */
export async function attach(
  compute: Compute,
  caller: Caller,
  server: Server,
  input: InterfaceInput,
  mayUseExternal: () => boolean,
): Promise<Interface> {
  checkState(server, 'attach_interface');
  const nic = await resolveNic(compute, caller, input, mayUseExternal);
  const { id: serverId, host } = server;
  const id = randomUUID();
  const taskId = await compute.db.transaction(async (tx) => {
    await changeServer(tx, serverId, {}); // locks the row: each NIC has its own number
    const places = (await interfaceTable.list(tx, serverId)).map(({ place }) => place);
    const taskId = await enqueue(tx, attachInterface, { serverId, interfaceId: id }, caller.requestId);
    await interfaceTable.insert(tx, {
      ...nic,
      id,
      serverId,
      taskId,
      place: Math.max(-1, ...places) + 1,
      state: 'attaching',
      ownPort: nic.portId === null,
      port: null,
      createdAt: Date.now(),
    });
    await beginAction(tx, caller, {
      serverId,
      action: 'interface_attach',
      taskId,
      event: 'compute_attach_interface',
      host,
    });
    return taskId;
  });
  compute.bus.notify(tasksWait);
  return waitForAttachment(compute, serverId, id, taskId);
}

async function waitForAttachment({ db }: Compute, serverId: string, id: string, taskId: string): Promise<Interface> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const nic = await interfaceTable.find(db, id);
    if (!nic)
      throw new Fault(
        500,
        'unexpected',
        `Failed to attach network adapter device to ${serverId}: ${(await problemOf(db, taskId)) ?? 'its task was cancelled.'}`,
      );
    if (nic.state === 'attached' || (Date.now() >= deadline && nic.port !== null)) return nic;
    if (Date.now() >= deadline)
      throw new Fault(
        500,
        'unexpected',
        `The network adapter of ${serverId} is still being attached: check again later.`,
      );
    await sleep(pollMs);
  }
}

async function resolveNic(compute: Compute, caller: Caller, input: InterfaceInput, mayUseExternal: () => boolean) {
  const context = { caller, references: referencesOf(compute, caller), mayUseExternal };
  const { port_id, net_id, fixed_ips = [], tag } = input;
  if (port_id !== undefined && net_id !== undefined) throw badRequest('Must not input both network_id and port_id');
  if (fixed_ips.length > 0 && net_id === undefined) throw badRequest('Must input network_id when request IP address');
  const network: NetworkInput = {
    ...(port_id === undefined ? {} : { port: port_id }),
    ...(net_id === undefined ? {} : { uuid: net_id }),
    ...(fixed_ips[0] === undefined ? {} : { fixed_ip: fixed_ips[0].ip_address }),
    ...(tag === undefined ? {} : { tag }),
  };
  if (port_id !== undefined || net_id !== undefined) return requestedNic(context, network);
  const [only] = await requestedNics(context, 'auto');
  if (!only)
    throw badRequest(
      `No specific network was requested and none are available for project '${caller.projectId}'. Name one, or create one.`,
    );
  return only;
}

export async function detach(compute: Compute, caller: Caller, server: Server, portId: string): Promise<void> {
  checkState(server, 'detach_interface');
  const { id: serverId, host } = server;
  const nic = await getInterface(compute, serverId, portId);
  await compute.db.transaction(async (tx) => {
    const taskId = await enqueue(tx, detachInterface, { serverId, interfaceId: nic.id }, caller.requestId);
    if (!(await interfaceTable.acquire(tx, { id: nic.id, taskId })))
      throw conflict(`Port ${portId} is ${nic.state} now.`);
    await beginAction(tx, caller, {
      serverId,
      action: 'interface_detach',
      taskId,
      event: 'compute_detach_interface',
      host,
    });
  });
  compute.bus.notify(tasksWait);
}

export async function getInterface({ db }: Compute, serverId: string, portId: string): Promise<Interface> {
  const nic = await interfaceTable.findBy(db, { serverId, portId });
  if (!nic) throw new Fault(404, 'notFound', `No port with id ${portId} is attached to instance ${serverId}.`);
  return nic;
}

/** The ports of the rows, not those whose device_id is the server: any project can set device_id on its own ports. */
async function portsOf({ network }: Compute, nics: readonly Interface[]): Promise<readonly PortJson[]> {
  const ids = nics.flatMap(({ portId }) => portId ?? []);
  return ids.length === 0 ? [] : network.listPorts({ id: ids });
}

/** Copies the current ports from the network service to the rows; writes only changes. */
export async function refreshAddresses(compute: Compute, serverId: string): Promise<void> {
  const { db } = compute;
  const known = await interfaceTable.list(db, serverId);
  if (known.length === 0) return;
  const ports = await portsOf(compute, known);
  const copies = new Map(await Promise.all(ports.map(async (port) => [port.id, await copyOf(compute, port)] as const)));
  for (const nic of known) if (!copies.has(nic.portId ?? '')) await detachIfPortGone(compute, nic);
  await db.transaction(async (tx) => {
    const nics: Interface[] = [];
    for (const nic of await interfaceTable.list(tx, serverId)) {
      const copy = nic.port === null ? undefined : copies.get(nic.portId ?? '');
      if (copy && JSON.stringify(copy) !== JSON.stringify(nic.port))
        await interfaceTable.change(tx, nic.id, { port: copy });
      nics.push(copy ? { ...nic, port: copy } : nic);
    }
    const server = await findServer(tx, serverId);
    if (!server || server.taskState === 'deleting') return;
    const { addresses, groups } = addressesOf(nics);
    if (JSON.stringify([addresses, groups]) !== JSON.stringify([server.addresses, server.groups]))
      await changeServer(tx, serverId, { addresses, groups });
  });
}

/** Detaches a NIC whose port was deleted. */
async function detachIfPortGone(
  compute: Compute,
  { id, serverId, portId, state, taskId: owner }: Interface,
): Promise<void> {
  if (portId === null || state !== 'attached' || owner !== null) return;
  const isGone = await compute.network.showPort(portId).then(
    () => false,
    (error: unknown) => error instanceof Fault && error.status === 404,
  );
  if (!isGone) return;
  await compute.db.transaction(async (tx) => {
    const server = await findServer(tx, serverId);
    if (!server || server.taskState === 'deleting') return;
    const { userId, projectId, host } = server;
    const caller = { userId, projectId, requestId: `req-${randomUUID()}` };
    const taskId = await enqueue(tx, detachInterface, { serverId, interfaceId: id }, caller.requestId);
    if (!(await interfaceTable.acquire(tx, { id, taskId }))) return void (await cancel(tx, taskId));
    const event = 'compute_detach_interface';
    await beginAction(tx, caller, { serverId, action: 'interface_detach', taskId, event, host });
  });
  compute.bus.notify(tasksWait);
}

/** Adds a security group of the server's project to all its ports, or removes it. */
export async function changeGroup(
  compute: Compute,
  caller: Caller,
  server: Server,
  { name, present }: { readonly name: string; readonly present: boolean },
): Promise<void> {
  const { network } = compute;
  const groups = await referencesOf(compute, caller).groupsOf(server.projectId);
  const group = groups.find((each) => each.id === name || each.name === name);
  if (!group) throw new Fault(404, 'notFound', `Security group ${name} not found for project ${server.projectId}.`);
  const ports = await portsOf(compute, await interfaceTable.list(compute.db, server.id));
  if (ports.length === 0) throw badRequest(`instance_id ${server.id} could not be found as device id on any ports`);
  const has = ports.filter(({ security_groups = [] }) => security_groups.includes(group.id));
  if (!present && has.length === 0)
    throw new Fault(404, 'notFound', `Security group ${name} not associated with the instance ${server.id}`);
  for (const port of present ? ports.filter((each) => !has.includes(each)) : has) {
    const now = port.security_groups ?? [];
    const next = present ? [...now, group.id] : now.filter((id) => id !== group.id);
    await network.updatePort(port.id, { security_groups: next }, caller.token);
  }
  await refreshAddresses(compute, server.id);
}
