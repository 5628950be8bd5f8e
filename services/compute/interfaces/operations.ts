import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { PortJson } from '#shared/clients/network.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { problemOf } from '../instance-actions/store.ts';
import { beginPartTask, checkState, nextPlace, waitForPart } from '../server-parts/operations.ts';
import type { NetworkInput } from '../servers/input.ts';
import { newNic } from '../servers/new-server.ts';
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
  const [id, serverId] = [randomUUID(), server.id];
  const { taskId: task } = await beginPartTask(compute, caller, server, {
    workflow: attachInterface,
    params: { serverId, interfaceId: id },
    action: 'interface_attach',
    event: 'compute_attach_interface',
    change: async (tx, taskId) => {
      const place = nextPlace(await interfaceTable.list(tx, serverId));
      await interfaceTable.insert(tx, { ...newNic(serverId, place, nic), id, taskId });
    },
  });
  const attached = async (isLate: boolean) => {
    const now = await interfaceTable.find(compute.db, id);
    if (!now) throw notAttached(serverId, await problemOf(compute.db, task));
    return now.state === 'attached' || (isLate && now.port !== null) ? now : undefined;
  };
  return waitForPart(compute, attached, () => stillAttaching(serverId));
}

const notAttached = (id: string, problem: string | null) =>
  new Fault(
    500,
    'unexpected',
    `Failed to attach network adapter device to ${id}: ${problem ?? 'its task was cancelled.'}`,
  );
const stillAttaching = (id: string) =>
  new Fault(500, 'unexpected', `The network adapter of ${id} is still being attached: check again later.`);

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
  await beginPartTask(compute, caller, server, detachingTask(await getInterface(compute, server.id, portId)));
}

const detachingTask = ({ id, serverId, portId, state }: Interface) => ({
  workflow: detachInterface,
  params: { serverId, interfaceId: id },
  action: 'interface_detach',
  event: 'compute_detach_interface',
  change: async (tx: Knex, taskId: string) => {
    if (!(await interfaceTable.acquire(tx, { id, taskId }))) throw conflict(`Port ${portId} is ${state} now.`);
  },
});

export async function getInterface({ db }: Compute, serverId: string, portId: string): Promise<Interface> {
  const nic = await interfaceTable.findBy(db, { serverId, portId });
  if (!nic) throw new Fault(404, 'notFound', `No port with id ${portId} is attached to instance ${serverId}.`);
  return nic;
}

/** The ports of the rows, not those whose device_id is the server: any project can set device_id on its own ports. */
export async function portsOf({ network }: Compute, nics: readonly Interface[]): Promise<readonly PortJson[]> {
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

/** Detaches a NIC whose port was deleted, unless a task owns it. */
async function detachIfPortGone(compute: Compute, nic: Interface): Promise<void> {
  const { serverId, portId, state, taskId } = nic;
  if (portId === null || state !== 'attached' || taskId !== null) return;
  const isGone = await compute.network.showPort(portId).then(
    () => false,
    (error: unknown) => error instanceof Fault && error.status === 404,
  );
  const server = await findServer(compute.db, serverId);
  if (!isGone || !server || server.taskState === 'deleting') return;
  const { userId, projectId } = server;
  const caller = { userId, projectId, requestId: `req-${randomUUID()}` };
  await beginPartTask(compute, caller, server, detachingTask(nic)).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error; // another task has acquired it meanwhile
  });
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
