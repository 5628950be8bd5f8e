import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { versionOf } from '#shared/net/addresses.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { refuseForeignPort, routerBetween } from '../floating-ips/association.ts';
import { markRouterDirty } from '../floating-ips/release.ts';
import { type FloatingIp, floatingIpRows } from '../floating-ips/resource.ts';
import { portRows } from '../ports/resource.ts';
import { badResource, freshRow } from '../resources/values.ts';
import { overlapping, type Ports, portsOf } from './ranges.ts';
import { removeForwarding } from './release.ts';
import { type NewPortForwarding, type PortForwarding, type PortForwardingChange, portForwardings } from './resource.ts';

const { rows } = portForwardings;

export async function createPortForwarding(
  network: Network,
  caller: Caller,
  input: NewPortForwarding,
  projectId: string,
  floatingipId: string,
): Promise<PortForwarding> {
  const { db } = network;
  const floatingIp = await lockFloatingIp(network, floatingipId);
  const ports = portsOf(input);
  const internalIpAddress = await reach(network, caller, floatingIp, input);
  const { protocol, internalPortId, description } = input;
  const row: PortForwarding = {
    ...freshRow(projectId, { description }, 0),
    ...ports,
    ...{ floatingipId, protocol, internalPortId, internalIpAddress },
  };
  await refuseSecond(network, row);
  await rows.insert(db, row);
  await markRouterDirty(network, (await floatingIpRows.get(db, floatingipId))?.routerId ?? null);
  return row;
}

async function lockFloatingIp({ db }: Network, id: string): Promise<FloatingIp> {
  await floatingIpRows.lock(db, id);
  const floatingIp = await floatingIpRows.get(db, id);
  if (!floatingIp) throw new Error(`floating IP ${id} is gone`);
  if (floatingIp.portId !== null)
    throw conflict(
      `Cannot associate floating IP ${floatingIp.floatingIpAddress} (${id}) with port forwardings, as it is associated with port ${floatingIp.portId}.`,
      'FloatingIPPortAlreadyAssociated',
    );
  return floatingIp;
}

interface Target {
  readonly internalPortId: string;
  readonly internalIpAddress?: string | undefined;
}

/** Returns the internal address, and makes the router between it and the floating IP that of the floating IP. */
async function reach(
  network: Network,
  caller: Caller,
  floatingIp: FloatingIp,
  { internalPortId, internalIpAddress }: Target,
): Promise<string> {
  const { db } = network;
  const port = await portRows.find(db, caller, internalPortId);
  refuseForeignPort(caller, floatingIp, port);
  await refuseAssociated(network, floatingIp, port.id, internalIpAddress);
  const own = (await listAddresses(db, [port.id])).filter(({ address }) => versionOf(address) === 4);
  const fixed = own.find(({ address }) => address === (internalIpAddress ?? address));
  if (!fixed)
    throw badResource(
      'port_forwarding',
      internalIpAddress === undefined
        ? `Requested internal port ${port.id} must allocate an IPv4 address at least`
        : `Requested internal IP address ${internalIpAddress} is not suitable for internal neutron port ${port.id}`,
    );
  const routerId = await routerBetween(network, floatingIp, port, fixed.subnetId).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    throw badResource(
      'port_forwarding',
      `External network ${floatingIp.floatingNetworkId} is not reachable from subnet ${fixed.subnetId}. Cannot set Port forwarding for port ${port.id} with Floating IP ${floatingIp.id}`,
    );
  });
  if (floatingIp.routerId !== null && floatingIp.routerId !== routerId)
    throw badResource(
      'port_forwarding',
      `The Floating IP ${floatingIp.id} had been set on router ${floatingIp.routerId}, the internal Neutron port ${port.id} can not reach it`,
    );
  if (floatingIp.routerId === null) await floatingIpRows.update(db, floatingIp.id, { routerId, status: 'DOWN' });
  return fixed.address;
}

/** All ports of a port with a floating IP lead outside by that one. */
async function refuseAssociated(
  { db }: Network,
  { id, floatingIpAddress }: FloatingIp,
  portId: string,
  fixedIp: string | undefined,
): Promise<void> {
  if ((await floatingIpRows.countOf(db, { portId })) > 0)
    throw conflict(
      `Cannot create port forwarding to floating IP ${floatingIpAddress} (${id}) with port ${portId} using fixed IP ${fixedIp ?? null}, as that port already has a binding floating IP.`,
      'PortHasBindingFloatingIP',
    );
}

async function refuseSecond({ db }: Network, row: PortForwarding): Promise<void> {
  const others = (await rows.where(db, { protocol: row.protocol })).filter(({ id }) => id !== row.id);
  const outside = others.find(
    ({ floatingipId, ...other }) => floatingipId === row.floatingipId && overlapping(other, row),
  );
  const inside = others.find(
    (other) =>
      other.internalPortId === row.internalPortId &&
      other.internalIpAddress === row.internalIpAddress &&
      internalOverlap(other, row),
  );
  const found = outside ?? inside;
  if (!found) return;
  const values = outside
    ? `{'floatingip_id': '${found.floatingipId}', 'external_port': ${found.externalFirst}}`
    : `{'internal_port_id': '${found.internalPortId}', 'internal_port': ${found.internalFirst}}`;
  throw badRequest(
    `Bad port_forwarding request: A duplicate port forwarding entry with same attributes already exists, conflicting values are ${values}.`,
    'BadRequest',
  );
}

const internalOverlap = (one: Ports, other: Ports) =>
  one.internalFirst <= other.internalLast && other.internalFirst <= one.internalLast;

export async function updatePortForwarding(
  network: Network,
  caller: Caller,
  before: PortForwarding,
  input: PortForwardingChange,
): Promise<void> {
  const { db } = network;
  const floatingIp = await lockFloatingIp(network, before.floatingipId);
  const { externalPort: _, externalPortRange: __, internalPort: ___, internalPortRange: ____, ...columns } = input;
  const moved = input.internalPortId !== undefined || input.internalIpAddress !== undefined;
  const internalPortId = input.internalPortId ?? before.internalPortId;
  const kept = input.internalPortId === undefined ? before.internalIpAddress : undefined;
  const internalIpAddress = moved
    ? await reach(network, caller, floatingIp, {
        internalPortId,
        internalIpAddress: input.internalIpAddress ?? kept,
      })
    : before.internalIpAddress;
  const after = { ...before, ...columns, ...portsOf(input, before), internalPortId, internalIpAddress };
  await refuseSecond(network, after);
  await rows.update(db, before.id, after);
  await markRouterDirty(network, floatingIp.routerId);
}

export async function removePortForwarding(network: Network, _caller: Caller, row: PortForwarding): Promise<void> {
  await floatingIpRows.lock(network.db, row.floatingipId);
  await removeForwarding(network, row);
}
