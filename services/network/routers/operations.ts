import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { cidrOf, overlap } from '#shared/net/addresses.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { markRouterDirty } from '../floating-ips/release.ts';
import { routerHost } from '../gateways/choose-host.ts';
import { refuseUnknownZones } from '../hosts/zones.ts';
import { networkRows } from '../networks/resource.ts';
import { owner, portRows } from '../ports/resource.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow } from '../resources/values.ts';
import { subnetContaining } from '../subnets/operations.ts';
import { routesFor } from '../subnets/plan.ts';
import { type HostRoute, type Subnet, subnetRows } from '../subnets/resource.ts';
import { clearGateway, setGateway } from './gateway.ts';
import { type NewRouter, type Router, type RouterChange, routerRows } from './resource.ts';

export async function createRouter(
  network: Network,
  caller: Caller,
  { externalGatewayInfo, ...input }: NewRouter,
  projectId: string,
): Promise<Router> {
  await reserve(network, projectId, 'router');
  await refuseUnknownZones(network, input.availabilityZoneHints);
  const router: Router = {
    ...freshRow(projectId, input),
    ...input,
    status: 'ACTIVE',
    routes: [],
    gatewayPortId: null,
    gatewayNetworkId: null,
    enableSnat: true,
    host: await routerHost(network, input),
  };
  await routerRows.insert(network.db, router);
  return externalGatewayInfo ? setGateway(network, caller, router, externalGatewayInfo) : router;
}

export async function updateRouter(
  network: Network,
  caller: Caller,
  before: Router,
  { externalGatewayInfo, ...input }: RouterChange,
): Promise<void> {
  const change = { ...input, ...(input.routes ? { routes: routesFor(input.routes) } : {}) };
  if (change.routes) await refuseUnreachable(network, before, change.routes);
  await routerRows.update(network.db, before.id, change);
  if (externalGatewayInfo !== undefined)
    await setGateway(network, caller, { ...before, ...change }, externalGatewayInfo);
  await markRouterDirty(network, before.id);
}

/** The next hop must be in a subnet of one of the router's interfaces. */
async function refuseUnreachable(network: Network, router: Router, routes: readonly HostRoute[]): Promise<void> {
  const { db } = network;
  const { id } = router;
  const interfaces = await portRows.where(db, { deviceId: id });
  const addresses = await listAddresses(
    db,
    interfaces.map((port) => port.id),
  );
  const subnets = await subnetRows.whereIn(
    db,
    'id',
    addresses.map(({ subnetId }) => subnetId),
  );
  const foreign = await foreignSubnets(network, router, subnets);
  for (const { destination, nexthop } of routes) {
    const shown = `{'destination': '${destination}', 'nexthop': '${nexthop}'}`;
    if (!subnetContaining(subnets, nexthop))
      throw badRequest(
        `Invalid format for routes: ${shown}, the nexthop is not connected with router`,
        'InvalidRoutes',
      );
    if (addresses.some(({ address }) => address === nexthop))
      throw badRequest(`Invalid format for routes: ${shown}, the nexthop is used by router`, 'InvalidRoutes');
    const covered = foreign.find(({ cidr }) => isWithin(destination, cidr));
    if (covered)
      throw badRequest(
        `Invalid format for routes: ${shown}, the destination covers addresses of subnet ${covered.id}, which is not owned by the project of the router`,
        'InvalidRoutes',
      );
  }
}

/** Connected subnets of other projects, whose addresses a route must not cover. */
async function foreignSubnets({ db }: Network, { projectId }: Router, subnets: readonly Subnet[]): Promise<Subnet[]> {
  const networks = await networkRows.whereIn(
    db,
    'id',
    subnets.map(({ networkId }) => networkId),
  );
  const foreign = new Set(networks.filter((net) => net.projectId !== projectId).map(({ id }) => id));
  return subnets.filter(({ networkId }) => foreign.has(networkId));
}

/** True for a route as specific as the subnet's own, or more, which would divert its packets. */
function isWithin(destination: string, cidr: string): boolean {
  const [narrow, wide] = [cidrOf(destination), cidrOf(cidr)];
  return narrow !== undefined && wide !== undefined && overlap(narrow, wide) && narrow.prefix >= wide.prefix;
}

export async function removeRouter(network: Network, _caller: Caller, router: Router): Promise<void> {
  const { db } = network;
  const interfaces = await portRows.countOf(db, { deviceId: router.id, deviceOwner: owner.routerInterface });
  if (interfaces > 0) throw conflict(`Router ${router.id} still has ports`, 'RouterInUse');
  await clearGateway(network, router);
  await markRouterDirty(network, router.id);
  await routerRows.remove(db, router.id);
}
