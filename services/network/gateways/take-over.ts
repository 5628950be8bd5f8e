/** Moves the routers of hosts whose lease has ended. */
import { routersChanged } from '#shared/contracts/router-lease.ts';
import { atomically, type Network } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import { type Router, routerRows } from '../routers/resource.ts';
import { findRouterHost, gatewayHosts } from './choose-host.ts';
import { moveRouter } from './move-router.ts';
import { listLeases, lockLease } from './store.ts';

export async function takeOverFromLost(network: Network): Promise<void> {
  for (const { host } of await listLeases(network.db)) {
    const mark = network.leases.lostMark(host);
    if (mark !== undefined) await takeOver(network, host, mark);
  }
}

/** Does nothing when the lease was renewed after it was seen to have ended. */
async function takeOver(network: Network, host: string, mark: number): Promise<void> {
  const moved = await atomically(network, async (within) => {
    const lease = await lockLease(within.db, host);
    if (!lease || lease.lasting || lease.renewedAt !== mark) return [];
    return moveAll(within, host);
  });
  for (const { id, to } of moved)
    network.log.warn({ routerId: id, from: host, to }, 'a router is moved from a host that is lost');
  for (const to of new Set(moved.map((each) => each.to))) network.bus.notify(routersChanged(to));
}

async function moveAll(network: Network, host: string) {
  const others = (await gatewayHosts(network)).filter((each) => each.host !== host);
  const moved: { readonly id: string; readonly to: string }[] = [];
  for (const router of await routerRows.where(network.db, { host })) {
    const target = await findRouterHost(network, router, others);
    if (!target) continue;
    await moveRouter(network, router, target.host, true);
    moved.push({ id: router.id, to: target.host });
  }
  return moved;
}

/** Gives routers a host that are on none, or on one that is no gateway host any more. Must run inside a transaction. */
export async function placeStrays(network: Network): Promise<void> {
  const hosts = await gatewayHosts(network);
  const isStray = ({ host }: Router) => !hosts.some((each) => each.host === host);
  const known = new Set((await listHosts(network.db)).map(({ host }) => host));
  for (const router of (await routerRows.where(network.db, {})).filter(isStray)) {
    const target = await findRouterHost(network, router, hosts);
    if (target) await moveRouter(network, router, target.host, !known.has(router.host));
  }
}
