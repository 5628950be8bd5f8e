import type { Who } from '#shared/auth/who.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { restateRouter } from '../floating-ips/release.ts';
import { wayOut } from '../hosts/way-out.ts';
import { owner, portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { freshRow, given, missing, type StandardWish, truth } from '../resources/values.ts';
import { routesFor } from '../subnets/plan.ts';
import { clearGateway, type GatewayWish, setGateway } from './gateway.ts';
import { getVisibleRouter, type Route, type Router, routerRows } from './store.ts';

export interface RouterWish extends StandardWish {
  readonly admin_state_up?: unknown;
  readonly external_gateway_info?: GatewayWish | null;
  readonly routes?: readonly Route[] | null;
}

export async function findRouter({ db }: Network, who: Who, id: string): Promise<Router> {
  const found = await getVisibleRouter(db, who, id);
  if (!found) throw missing('RouterNotFound', `Router ${id} could not be found`);
  return found;
}

const flagOf = (value: unknown): boolean | undefined =>
  value === undefined || value === null ? undefined : truth(value, 'admin_state_up');

export async function createRouter(network: Network, who: Who, wish: RouterWish, projectId: string): Promise<Router> {
  await reserve(network, projectId, 'router');
  const router: Router = {
    ...freshRow(projectId, wish),
    adminStateUp: flagOf(wish.admin_state_up) ?? true,
    status: 'ACTIVE',
    routes: routesFor(wish.routes ?? [], 'routes'),
    gatewayPortId: null,
    gatewayNetworkId: null,
    enableSnat: true,
    host: await wayOut(network),
  };
  await routerRows.insert(network.db, router);
  return wish.external_gateway_info ? setGateway(network, who, router, wish.external_gateway_info) : router;
}

export async function updateRouter(network: Network, who: Who, before: Router, wish: RouterWish): Promise<Router> {
  const { db } = network;
  const change = given({
    name: wish.name,
    description: wish.description ?? undefined,
    adminStateUp: flagOf(wish.admin_state_up),
    routes: wish.routes === undefined ? undefined : routesFor(wish.routes ?? [], 'routes'),
  });
  await routerRows.update(db, before.id, change);
  if (wish.external_gateway_info !== undefined)
    await setGateway(network, who, { ...before, ...change }, wish.external_gateway_info);
  await restateRouter(network, before.id);
  return (await routerRows.get(db, before.id)) ?? before;
}

export async function removeRouter(network: Network, _who: Who, router: Router): Promise<void> {
  const { db } = network;
  const legs = await portRows.countOf(db, { deviceId: router.id, deviceOwner: owner.routerInterface });
  if (legs > 0) throw conflict(`Router ${router.id} still has ports`, 'RouterInUse');
  await clearGateway(network, router);
  await restateRouter(network, router.id);
  await routerRows.remove(db, router.id);
}
