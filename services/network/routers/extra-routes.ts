/** Adds and removes some routes of a router, whatever others do at the same time. */
import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import type { Action } from '../resources/resource.ts';
import { routesFor } from '../subnets/plan.ts';
import type { HostRoute } from '../subnets/resource.ts';
import { updateRouter } from './operations.ts';
import { mostRoutes, type Router } from './resource.ts';

const keyOf = ({ destination, nexthop }: HostRoute) => `${destination} via ${nexthop}`;

/** A route that the router has already is left as it is. */
async function addRoutes(network: Network, caller: Caller, router: Router, asked: readonly HostRoute[]): Promise<void> {
  const known = new Set(router.routes.map(keyOf));
  const routes = [...router.routes, ...asked.filter((route) => !known.has(keyOf(route)))];
  if (routes.length > mostRoutes)
    throw conflict(
      `Unable to complete operation for ${router.id}. The number of routes exceeds the maximum ${mostRoutes}.`,
      'RoutesExhausted',
    );
  await updateRouter(network, caller, router, { routes });
}

/** One that it does not have is as good as removed. */
async function removeRoutes(
  network: Network,
  caller: Caller,
  router: Router,
  asked: readonly HostRoute[],
): Promise<void> {
  const gone = new Set(asked.map(keyOf));
  await updateRouter(network, caller, router, { routes: router.routes.filter((route) => !gone.has(keyOf(route))) });
}

const action = (rule: string, change: typeof addRoutes): Action<Router> => ({
  rules: [rule],
  change: (network, caller, router, { routes }) =>
    change(network, caller, router, routesFor((routes ?? []) as HostRoute[])),
});

export const extraRoutes = {
  add_extraroutes: action('add_extraroutes', addRoutes),
  remove_extraroutes: action('remove_extraroutes', removeRoutes),
};
