/** The ports of a server's NICs, identified by server id and NIC number. */
import type { Knex } from 'knex';
import { silentMs } from '#shared/bus/bus.ts';
import { waitFor } from '#shared/bus/wait.ts';
import type { PortJson } from '#shared/clients/network.ts';
import { bridgeName, tapName } from '#shared/contracts/names.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { type Compute, portChanged } from '../context.ts';
import { type Interface, interfaceTable, type PortCopy } from '../interfaces/store.ts';
import type { Address, Addresses, Server } from '../servers/store.ts';

/** The mark in binding:profile: the number of the NIC. */
const markOf = ({ place }: Interface) => ({ nic: place });
const hasMark = (port: PortJson, nic: Interface) => port['binding:profile']?.nic === nic.place;

/** Creates or binds every port of the server on its host, and waits until each is ACTIVE. Ends when all have ended. */
export async function plugPorts(compute: Compute, server: Server, run: Run): Promise<Interface[]> {
  const nics = await interfaceTable.list(compute.db, server.id);
  const made = nics.length > 0 ? await portsOfServer(compute, server) : [];
  const results = await Promise.allSettled(nics.map((nic) => plugPort(compute, server, nic, made, run)));
  return results.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

/** Ports of the server's project whose device_id is the server. Ports of other projects are never the server's. */
export const portsOfServer = ({ network }: Compute, { id, projectId }: Pick<Server, 'id' | 'projectId'>) =>
  network.listPorts({ device_id: id, project_id: projectId });

/** `made` are the ports that were created for the server before. The caller saves the result. */
export async function plugPort(
  compute: Compute,
  server: Server,
  nic: Interface,
  made: readonly PortJson[],
  run: Run,
): Promise<Interface> {
  const begun = nic.portId === null ? await portWithMark(compute, server, nic, made) : await bind(compute, server, nic);
  const port = await waitForActive(compute, server, begun, run);
  return { ...nic, portId: port.id, port: await copyOf(compute, port) };
}

/** Before this, only the mark identifies the port. */
export async function savePorts(tx: Knex, nics: readonly Interface[]): Promise<void> {
  for (const { id, portId, port } of nics) await interfaceTable.change(tx, id, { portId, port });
}

/** Not aborted with its task: a port whose creation nobody waits for could be made after the ports of the server were removed. */
async function portWithMark(
  { network }: Compute,
  server: Server,
  nic: Interface,
  made: readonly PortJson[],
): Promise<PortJson> {
  const found = made.find((port) => hasMark(port, nic));
  if (found) return found['binding:host_id'] === server.host ? found : network.updatePort(found.id, owner(server, nic));
  return network.createPort({
    network_id: nic.networkId,
    project_id: server.projectId,
    admin_state_up: true,
    ...owner(server, nic),
    ...(server.wantedGroups.length > 0 ? { security_groups: server.wantedGroups } : {}),
    ...(nic.fixedIp === null ? {} : { fixed_ips: [{ ip_address: nic.fixedIp }] }),
  });
}

const owner = (server: Server, nic: Interface) => ({
  device_id: server.id,
  device_owner: `compute:${server.zone ?? 'nova'}`,
  'binding:host_id': server.host,
  'binding:profile': markOf(nic),
});

/** Binds an existing port, if it is not in use by another server. */
async function bind({ network }: Compute, server: Server, nic: Interface): Promise<PortJson> {
  const port = await network.showPort(nic.portId ?? '');
  if ((port.project_id ?? port.tenant_id) !== server.projectId)
    throw conflict(`Port ${port.id} not usable: it belongs to another project.`);
  if (port.device_id !== '' && port.device_id !== server.id) throw conflict(`Port ${port.id} is still in use.`);
  return network.updatePort(port.id, owner(server, nic));
}

/** Waits for the network agent of the host, by events and by polling. */
async function waitForActive(
  { network, bus, config }: Compute,
  server: Server,
  created: PortJson,
  run: Run,
): Promise<PortJson> {
  const begunAt = Date.now();
  const { host } = server;
  const check = (port: PortJson): PortJson | undefined => {
    if (port.status === 'ACTIVE') return port;
    if (port['binding:vif_type'] === 'binding_failed')
      throw new Fault(500, 'unexpected', `Binding failed for port ${port.id}: the host cannot plug it.`, {
        details: `Binding failed for port ${port.id}: host ${host} cannot plug it.`,
      });
    if (silentMs(bus, begunAt) < config.portMs) return undefined;
    const seconds = config.portMs / 1000;
    throw new Fault(504, 'portAway', `Port ${port.id} did not become ACTIVE within ${seconds} s.`, {
      details: `Port ${port.id} did not become ACTIVE on host ${host} within ${seconds} s.`,
    });
  };
  const read = async () => check(await network.showPort(created.id));
  return check(created) ?? waitFor(bus, portChanged(server.id), 500, read, run.signal);
}

/** The copy of a port for its row, with the names that lists show. */
export async function copyOf({ network, cloud }: Compute, port: PortJson): Promise<PortCopy> {
  const [net, subnets, groups, floating] = await Promise.all([
    network.showNetwork(port.network_id),
    network.listSubnets({ network_id: port.network_id }),
    (port.security_groups ?? []).length > 0 ? network.listGroups({ id: port.security_groups ?? [] }) : [],
    network.listFloatingIps({ port_id: port.id }),
  ]);
  const details = port['binding:vif_details'] ?? {};
  return {
    mac: port.mac_address,
    mtu: net.mtu ?? 1500,
    tap: typeof details.wattle_tap === 'string' ? details.wattle_tap : tapName(cloud.id, port.id),
    bridge: bridgeOf(details, cloud.id, port.network_id),
    label: net.name,
    state: port.status,
    fixedIps: port.fixed_ips.map(({ ip_address, subnet_id }) => ({ address: ip_address, subnetId: subnet_id })),
    floating: floating.map(({ floating_ip_address, fixed_ip_address }) => ({
      fixed: fixed_ip_address ?? '',
      address: floating_ip_address,
    })),
    groups: groups.map(({ id, name }) => ({ id, name })),
    subnets: subnets.map((each) => ({
      id: each.id,
      cidr: each.cidr,
      version: each.ip_version,
      gateway: each.gateway_ip,
      dhcp: each.enable_dhcp,
      dns: each.dns_nameservers,
      routes: each.host_routes,
    })),
  };
}

/** Null without root: the host has no bridges then, and the guest uses user-mode networking. */
function bridgeOf(details: Readonly<Record<string, unknown>>, cloudId: string, networkId: string): string | null {
  if (details.bridge_name === null) return null;
  return typeof details.bridge_name === 'string' ? details.bridge_name : bridgeName(cloudId, networkId);
}

/** Deletes ports that were created for the server and unbinds others; also finds ports that no row names yet. */
export async function unplugPorts(compute: Compute, server: Pick<Server, 'id' | 'projectId'>): Promise<void> {
  const nics = await interfaceTable.list(compute.db, server.id);
  const existing = new Set(nics.filter(({ ownPort }) => !ownPort).map(({ portId }) => portId));
  const ports = await portsOfServer(compute, server);
  await Promise.all(ports.map((port) => unplugPort(compute, port.id, existing.has(port.id))));
}

/** The ports of a server that has no host: they keep their addresses. */
export async function unbindPorts(compute: Compute, server: Pick<Server, 'id' | 'projectId'>): Promise<void> {
  for (const { id } of await portsOfServer(compute, server))
    await compute.network.updatePort(id, { 'binding:host_id': '' }).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status !== 404) throw error; // its owner removed it
    });
}

export async function unplugPort({ network }: Compute, portId: string, existing: boolean): Promise<void> {
  if (!existing) return network.removePort(portId);
  const free = { device_id: '', device_owner: '', 'binding:host_id': '', 'binding:profile': {} };
  await network.updatePort(portId, free).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.status !== 404) throw error; // its owner removed it
  });
}

/** Makes the ports ready on another host, beside their own. */
export async function bindElsewhere(
  compute: Compute,
  server: Pick<Server, 'id' | 'projectId'>,
  host: string,
): Promise<void> {
  for (const { id, 'binding:profile': profile = {} } of await portsOfServer(compute, server)) {
    const bound = await compute.network.listBindings(id);
    if (!bound.some((each) => each.host === host)) await compute.network.createBinding(id, { host, profile });
  }
}

export async function unbindFrom(
  compute: Compute,
  server: Pick<Server, 'id' | 'projectId'>,
  host: string,
): Promise<void> {
  for (const { id } of await portsOfServer(compute, server)) await compute.network.removeBinding(id, host);
}

/** The host of the server gets the traffic of its ports, and its old host loses them. */
export async function activateBindings(compute: Compute, server: Server, from: string): Promise<void> {
  const { network } = compute;
  for (const port of await portsOfServer(compute, server)) {
    if (port['binding:host_id'] !== server.host) await network.activateBinding(port.id, server.host ?? '');
    await network.removeBinding(port.id, from);
  }
}

/** The addresses and security groups that lists show, from the rows only. */
export function addressesOf(nics: readonly Interface[]): { addresses: Addresses; groups: string[] } {
  const addresses = new Map<string, Address[]>(); // labels are names that users chose
  const names = new Set<string>();
  for (const { port, state } of nics) {
    if (port === null || state === 'detaching') continue;
    addresses.set(port.label, [...(addresses.get(port.label) ?? []), ...addressesAt(port)]);
    for (const { name } of port.groups) names.add(name);
  }
  return { addresses: Object.fromEntries(addresses), groups: [...names].sort((a, b) => (a < b ? -1 : 1)) };
}

function addressesAt({ mac, fixedIps, floating }: PortCopy): Address[] {
  return fixedIps.flatMap(({ address }) => [
    { version: versionOf(address), addr: address, type: 'fixed' as const, mac },
    ...floating
      .filter(({ fixed }) => fixed === address)
      .map((each) => ({ version: versionOf(each.address), addr: each.address, type: 'floating' as const, mac })),
  ]);
}
const versionOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
