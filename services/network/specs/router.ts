import type { Forwarding, RouterSpec } from '#shared/contracts/network-agent.ts';
import { cidrOf } from '#shared/net/addresses.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/resource.ts';
import { networkRows } from '../networks/resource.ts';
import { portForwardings } from '../port-forwardings/resource.ts';
import { owner, type Port, portRows } from '../ports/resource.ts';
import { type Router, routerRows } from '../routers/resource.ts';
import { subnetRows } from '../subnets/resource.ts';
import { segmentOn } from './segment.ts';

/** Undefined when the router does not run on that host, or has neither interface nor gateway. */
export async function routerSpec(network: Network, host: string, routerId: string): Promise<RouterSpec | undefined> {
  const { db } = network;
  const router = await routerRows.get(db, routerId);
  if (router?.host !== host) return undefined;
  const ports = await portRows.where(db, { deviceId: router.id });
  const internal = ports.filter(({ deviceOwner }) => deviceOwner === owner.routerInterface);
  const gateway = ports.find(({ id }) => id === router.gatewayPortId);
  if (internal.length === 0 && !gateway) return undefined;
  const interfaces = await Promise.all(internal.map((port) => interfaceSpec(network, host, port)));
  return {
    id: router.id,
    adminUp: router.adminStateUp,
    interfaces: interfaces.map(({ via: _, ...fields }) => fields),
    gateway: gateway ? { ...(await interfaceSpec(network, host, gateway)), snat: router.enableSnat } : null,
    floatingIps: await floatingIpsOf(network, router),
    forwardings: await forwardingsOf(network, router),
    routes: router.routes,
  };
}

async function interfaceSpec(network: Network, host: string, port: Port) {
  const { db } = network;
  const net = await networkRows.get(db, port.networkId);
  if (!net) throw new Error(`port ${port.id} has no network`);
  const allocated = await listAddresses(db, [port.id]);
  const subnets = await subnetRows.whereIn(
    db,
    'id',
    allocated.map(({ subnetId }) => subnetId),
  );
  const of = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  const addresses = allocated.map(
    ({ address, subnetId }) => `${address}/${cidrOf(of.get(subnetId)?.cidr ?? '')?.prefix}`,
  );
  const via = subnets.find(({ ipVersion, gatewayIp }) => ipVersion === 4 && gatewayIp !== null)?.gatewayIp ?? null;
  const segment = await segmentOn(network, net, host);
  return { portId: port.id, mac: port.macAddress, segment, addresses, via };
}

async function forwardingsOf({ db }: Network, { id, gatewayNetworkId }: Router): Promise<Forwarding[]> {
  const carried = (await floatingIpRows.where(db, { routerId: id })).filter(
    ({ floatingNetworkId, portId }) => floatingNetworkId === gatewayNetworkId && portId === null,
  );
  const addresses = new Map(carried.map((each) => [each.id, each.floatingIpAddress]));
  const forwarded = await portForwardings.rows.whereIn(db, 'floatingipId', [...addresses.keys()]);
  return forwarded.map((row) => ({
    floatingIpId: row.floatingipId,
    protocol: row.protocol,
    floating: addresses.get(row.floatingipId) ?? '',
    fixed: row.internalIpAddress,
    outside: [row.externalFirst, row.externalLast],
    inside: [row.internalFirst, row.internalLast],
  }));
}

async function floatingIpsOf({ db }: Network, { id, gatewayNetworkId }: Router) {
  const carried = await floatingIpRows.where(db, { routerId: id });
  return carried
    .filter(
      ({ floatingNetworkId, fixedIpAddress }) => floatingNetworkId === gatewayNetworkId && fixedIpAddress !== null,
    )
    .map((each) => ({ id: each.id, floating: each.floatingIpAddress, fixed: each.fixedIpAddress ?? '' }));
}
