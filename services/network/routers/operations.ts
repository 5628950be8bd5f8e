import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { cidrOf, overlap } from '../addresses/cidr.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { markRouterDirty } from '../floating-ips/release.ts';
import { gatewayHost } from '../hosts/gateway-host.ts';
import { networkRows } from '../networks/store.ts';
import { owner, portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { freshRow, given, type StandardInput, truth } from '../resources/values.ts';
import { subnetContaining } from '../subnets/operations.ts';
import { routesFor } from '../subnets/plan.ts';
import { type Subnet, subnetRows } from '../subnets/store.ts';
import { clearGateway, type GatewayInput, setGateway } from './gateway.ts';
import { type Route, type Router, routerRows } from './store.ts';

export interface RouterInput extends StandardInput {
  readonly admin_state_up?: unknown;
  readonly external_gateway_info?: GatewayInput | null;
  readonly routes?: readonly Route[] | null;
}

const flagOf = (value: unknown): boolean | undefined =>
  value === undefined || value === null ? undefined : truth(value, 'admin_state_up');

export async function createRouter(
  network: Network,
  caller: Caller,
  input: RouterInput,
  projectId: string,
): Promise<Router> {
  await reserve(network, projectId, 'router');
  const router: Router = {
    ...freshRow(projectId, input),
    adminStateUp: flagOf(input.admin_state_up) ?? true,
    status: 'ACTIVE',
    routes: [],
    gatewayPortId: null,
    gatewayNetworkId: null,
    enableSnat: true,
    host: await gatewayHost(network),
  };
  await routerRows.insert(network.db, router);
  return input.external_gateway_info ? setGateway(network, caller, router, input.external_gateway_info) : router;
}

export async function updateRouter(
  network: Network,
  caller: Caller,
  before: Router,
  input: RouterInput,
): Promise<Router> {
  const { db } = network;
  const change = given({
    name: input.name,
    description: input.description ?? undefined,
    adminStateUp: flagOf(input.admin_state_up),
    routes: input.routes === undefined ? undefined : routesFor(input.routes ?? []),
  });
  if (change.routes) await refuseUnreachable(network, before, change.routes);
  await routerRows.update(db, before.id, change);
  if (input.external_gateway_info !== undefined)
    await setGateway(network, caller, { ...before, ...change }, input.external_gateway_info);
  await markRouterDirty(network, before.id);
  return (await routerRows.get(db, before.id)) ?? before;
}

/** The next hop must be in a subnet of one of the router's interfaces. */
async function refuseUnreachable(network: Network, router: Router, routes: readonly Route[]): Promise<void> {
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
