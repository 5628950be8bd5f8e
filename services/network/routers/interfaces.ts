/** The internal interfaces of a router. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { cidrOf, overlap } from '#shared/net/addresses.ts';
import { assignAddresses } from '../addresses/assign.ts';
import { inPools } from '../addresses/pools.ts';
import { type Address, listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/resource.ts';
import { networkRows } from '../networks/resource.ts';
import { hasGlobalAccess } from '../policy.ts';
import { portForwardings } from '../port-forwardings/resource.ts';
import { markPortDirty } from '../ports/mark-dirty.ts';
import { generateMac, newPort } from '../ports/new-port.ts';
import { removePort } from '../ports/remove.ts';
import { owner, type Port, portRows } from '../ports/resource.ts';
import { reserve } from '../quotas/quotas.ts';
import { badResource, missing } from '../resources/values.ts';
import { subnetContaining } from '../subnets/operations.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';
import { subnetsOf } from '../subnets/store.ts';
import { type Router, routerRows } from './resource.ts';

export interface InterfaceInput {
  readonly subnet_id?: string;
  readonly port_id?: string;
}

export interface Interface {
  readonly router: Router;
  readonly port: Port;
  readonly subnetIds: readonly string[];
}

function requireOneOf({ subnet_id, port_id }: InterfaceInput): void {
  if (subnet_id !== undefined && port_id !== undefined)
    throw badResource('router', 'Cannot specify both subnet-id and port-id');
  if (subnet_id === undefined && port_id === undefined)
    throw badResource('router', 'Either subnet_id or port_id must be specified');
}

export async function addInterface(
  network: Network,
  caller: Caller,
  router: Router,
  input: InterfaceInput,
): Promise<Interface> {
  requireOneOf(input);
  const added =
    input.port_id === undefined
      ? await addBySubnet(network, caller, router, input.subnet_id ?? '')
      : await addByPort(network, caller, router, input.port_id);
  await routerRows.update(network.db, router.id, {});
  return { router, ...added };
}

async function addBySubnet(network: Network, caller: Caller, router: Router, subnetId: string) {
  const { db } = network;
  const subnet = await subnetRows.find(db, caller, subnetId);
  if (subnet.gatewayIp === null) throw badResource('router', 'Subnet for router interface must have a gateway IP');
  if (!(await mayUseSubnet(network, caller, subnet)))
    throw badResource(
      'router',
      `Cannot add interface to router because subnet ${subnetId} is not owned by project making the request`,
    );
  await refuseOverlap(network, router, [subnet]);
  await reserve(network, router.projectId, 'port');
  const port: Port = {
    ...newPort(subnet.networkId, router.projectId),
    macAddress: await generateMac(db, subnet.networkId),
    ...interfaceFields(router),
  };
  await portRows.insert(db, port);
  const { id: portId, macAddress: mac, networkId, deviceOwner } = port;
  await assignAddresses(network, {
    ...{ portId, mac, networkId, deviceOwner, subnets: [subnet] },
    inputs: [{ subnet_id: subnet.id, ip_address: subnet.gatewayIp }],
  });
  await markPortDirty(network, { after: port, groupIds: [] });
  return { port, subnetIds: [subnet.id] };
}

/** An interface with the gateway address is for the owner of the network; on an internal network for the owner of the subnet too. */
async function mayUseSubnet({ db }: Network, caller: Caller, { networkId, projectId }: Subnet): Promise<boolean> {
  if (hasGlobalAccess(caller)) return true;
  const net = await networkRows.get(db, networkId);
  return net?.projectId === caller.projectId || (net?.external === false && projectId === caller.projectId);
}

const interfaceFields = ({ id, host }: Router) => ({
  deviceId: id,
  deviceOwner: owner.routerInterface,
  portSecurityEnabled: false,
  status: 'DOWN' as const,
  bindingHost: host,
  vifType: host === '' ? ('unbound' as const) : ('bridge' as const),
});

async function addByPort(network: Network, caller: Caller, router: Router, portId: string) {
  const { db } = network;
  const before = await portRows.find(db, caller, portId);
  if (before.deviceId !== '')
    throw conflict(
      `Unable to complete operation on port ${portId} for network ${before.networkId}. Port already has an attached device ${before.deviceId}.`,
      'PortInUse',
    );
  const addresses = await listAddresses(db, [portId]);
  const subnets = await subnetRows.whereIn(
    db,
    'id',
    addresses.map((each) => each.subnetId),
  );
  const subnetIds = subnets.map(({ id }) => id);
  if (subnetIds.length === 0) throw badResource('router', 'Router port must have at least one fixed IP');
  if (subnets.filter(({ ipVersion }) => ipVersion === 4).length > 1)
    throw badResource('router', 'Cannot have multiple IPv4 subnets on router port');
  await refuseForeign(network, caller, before, subnets, addresses);
  await refuseOverlap(network, router, subnets);
  const port = { ...before, ...interfaceFields(router) };
  await portRows.update(db, portId, interfaceFields(router));
  await markPortDirty(network, { before, after: port, groupIds: [] });
  return { port, subnetIds };
}

/** The port must be the caller's own; on a network of another project its addresses must be from the allocation pools. */
async function refuseForeign(
  network: Network,
  caller: Caller,
  port: Port,
  subnets: readonly Subnet[],
  addresses: readonly Address[],
): Promise<void> {
  if (hasGlobalAccess(caller)) return;
  if (port.projectId !== caller.projectId)
    throw badResource(
      'router',
      `Cannot add interface to router because port ${port.id} is owned by a different project`,
    );
  for (const subnet of subnets) {
    if (await mayUseSubnet(network, caller, subnet)) continue;
    const net = await networkRows.get(network.db, subnet.networkId);
    const allocated = addresses.filter(({ subnetId }) => subnetId === subnet.id);
    if (net?.external || !allocated.every(({ address }) => inPools(subnet.allocationPools, address)))
      throw badResource(
        'router',
        `Cannot add interface to router because specified port ${port.id} has an IP address out of the allocation pool of subnet ${subnet.id}, which is not owned by the project making the request`,
      );
  }
}

async function listInterfaces({ db }: Network, { id }: Router): Promise<{ ports: Port[]; addresses: Address[] }> {
  const ports = await portRows.where(db, { deviceId: id, deviceOwner: owner.routerInterface });
  return {
    ports,
    addresses: await listAddresses(
      db,
      ports.map((port) => port.id),
    ),
  };
}

/** The networks of a router, internal and external, must not overlap. */
async function refuseOverlap(network: Network, router: Router, added: readonly Subnet[]): Promise<void> {
  const internal = await internalSubnets(network, router);
  const external = router.gatewayNetworkId === null ? [] : await subnetsOf(network.db, [router.gatewayNetworkId]);
  refuseOverlapping([...internal, ...external], added);
}

/** The subnets of a router's internal interfaces. */
export async function internalSubnets(network: Network, router: Router): Promise<Subnet[]> {
  const { addresses } = await listInterfaces(network, router);
  return subnetRows.whereIn(
    network.db,
    'id',
    addresses.map(({ subnetId }) => subnetId),
  );
}

export function refuseOverlapping(own: readonly Subnet[], added: readonly Subnet[]): void {
  for (const { id, cidr } of added)
    for (const other of own) {
      if (other.id === id) throw badResource('router', `Router already has a port on subnet ${id}`);
      const [one, two] = [cidrOf(cidr), cidrOf(other.cidr)];
      if (one && two && overlap(one, two))
        throw badResource(
          'router',
          `Cidr ${cidr} of subnet ${id} overlaps with cidr ${other.cidr} of subnet ${other.id}`,
        );
    }
}

export async function removeInterface(
  network: Network,
  caller: Caller,
  router: Router,
  input: InterfaceInput,
): Promise<Interface> {
  if (input.subnet_id === undefined && input.port_id === undefined)
    throw badRequest('Bad router request: Either subnet_id or port_id must be specified.', 'BadRequest');
  const { port, subnetIds } = await getInterface(network, caller, router, input);
  await refuseRouted(network, router, subnetIds);
  await refuseFloating(network, router, subnetIds);
  await removePort(network, port);
  await routerRows.update(network.db, router.id, {});
  return { router, port, subnetIds };
}

async function getInterface(network: Network, caller: Caller, router: Router, { subnet_id, port_id }: InterfaceInput) {
  const { ports, addresses } = await listInterfaces(network, router);
  if (subnet_id !== undefined) await subnetRows.find(network.db, caller, subnet_id);
  const port = ports.find(
    ({ id }) =>
      id === (port_id ?? id) &&
      (subnet_id === undefined || addresses.some((each) => each.portId === id && each.subnetId === subnet_id)),
  );
  if (port)
    return { port, subnetIds: addresses.filter((each) => each.portId === port.id).map((each) => each.subnetId) };
  throw port_id === undefined
    ? missing('RouterInterfaceNotFoundForSubnet', `Router ${router.id} has no interface on subnet ${subnet_id}`)
    : missing('RouterInterfaceNotFound', `Router ${router.id} does not have an interface with id ${port_id}`);
}

async function refuseRouted({ db }: Network, { id, routes }: Router, subnetIds: readonly string[]): Promise<void> {
  const subnets = await subnetRows.whereIn(db, 'id', subnetIds);
  for (const { nexthop } of routes) {
    const subnet = subnetContaining(subnets, nexthop);
    if (subnet)
      throw conflict(
        `Router interface for subnet ${subnet.id} on router ${id} cannot be deleted, as it is required by one or more routes.`,
        'RouterInterfaceInUseByRoute',
      );
  }
}

async function refuseFloating({ db }: Network, { id }: Router, subnetIds: readonly string[]): Promise<void> {
  const subnets = await subnetRows.whereIn(db, 'id', subnetIds);
  const floating = await floatingIpRows.where(db, { routerId: id });
  const forwarded = await portForwardings.rows.whereIn(
    db,
    'floatingipId',
    floating.map((each) => each.id),
  );
  const inside = [
    ...floating.map(({ fixedIpAddress }) => fixedIpAddress ?? ''),
    ...forwarded.map((each) => each.internalIpAddress),
  ];
  for (const address of inside) {
    const subnet = subnetContaining(subnets, address);
    if (subnet)
      throw conflict(
        `Router interface for subnet ${subnet.id} on router ${id} cannot be deleted, as it is required by one or more floating IPs.`,
        'RouterInterfaceInUseByFloatingIP',
      );
  }
}
