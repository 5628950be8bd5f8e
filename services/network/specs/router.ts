import type { RouterSpec } from '#shared/contracts/network-agent.ts';
import { cidrOf } from '../addresses/cidr.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/store.ts';
import { networkRows } from '../networks/store.ts';
import { owner, type Port, portRows } from '../ports/store.ts';
import { type Router, routerRows } from '../routers/store.ts';
import { subnetRows } from '../subnets/store.ts';
import { segmentOn } from './segment.ts';

/** Undefined when the router does not run on that host, or has no leg to stand on. */
export async function routerSpec(network: Network, host: string, routerId: string): Promise<RouterSpec | undefined> {
  const { db } = network;
  const router = await routerRows.get(db, routerId);
  if (router?.host !== host) return undefined;
  const ports = await portRows.where(db, { deviceId: router.id });
  const inside = ports.filter(({ deviceOwner }) => deviceOwner === owner.routerInterface);
  const outside = ports.find(({ id }) => id === router.gatewayPortId);
  if (inside.length === 0 && !outside) return undefined;
  const interfaces = await Promise.all(inside.map((port) => legOf(network, host, port)));
  return {
    id: router.id,
    adminUp: router.adminStateUp,
    interfaces: interfaces.map(({ via: _, ...leg }) => leg),
    gateway: outside ? { ...(await legOf(network, host, outside)), snat: router.enableSnat } : null,
    floatingIps: await floatingIpsOf(network, router),
    routes: router.routes,
  };
}

async function legOf(network: Network, host: string, port: Port) {
  const { db } = network;
  const net = await networkRows.get(db, port.networkId);
  if (!net) throw new Error(`port ${port.id} has no network`);
  const held = await listAddresses(db, [port.id]);
  const subnets = await subnetRows.whereIn(
    db,
    'id',
    held.map(({ subnetId }) => subnetId),
  );
  const of = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  const addresses = held.map(({ address, subnetId }) => `${address}/${cidrOf(of.get(subnetId)?.cidr ?? '')?.prefix}`);
  const via = subnets.find(({ ipVersion, gatewayIp }) => ipVersion === 4 && gatewayIp !== null)?.gatewayIp ?? null;
  const segment = await segmentOn(network, net, host);
  return { portId: port.id, mac: port.macAddress, segment, addresses, via };
}

async function floatingIpsOf({ db }: Network, { id, gatewayNetworkId }: Router) {
  const carried = await floatingIpRows.where(db, { routerId: id });
  return carried
    .filter(
      ({ floatingNetworkId, fixedIpAddress }) => floatingNetworkId === gatewayNetworkId && fixedIpAddress !== null,
    )
    .map((each) => ({ id: each.id, floating: each.floatingIpAddress, fixed: each.fixedIpAddress ?? '' }));
}
