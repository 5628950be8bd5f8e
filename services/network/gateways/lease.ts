/** Answers the requests of hosts for the lease of their routers (shared/contracts/router-lease.ts). */
import type { RenewRouterLease } from '#shared/contracts/router-lease.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { gatewayHosts } from './choose-host.ts';
import { deleteReleasesBefore, type Lease, listUnreleased, lockLease, routerIdsOn, upsertLease } from './store.ts';

type Request = RenewRouterLease['request'];
type Reply = RenewRouterLease['reply'];

/** With one gateway host the lease lasts: nobody could take its routers, and they go on without this service. */
export async function renewLease(network: Network, request: Request): Promise<Reply> {
  const isTimed = (await gatewayHosts(network)).length > 1;
  return network.db.transaction(async (tx) => {
    const { host, boot, applied } = request;
    const before = await lockLease(tx, host);
    refuseOutdated(before, request);
    if (applied) await deleteReleasesBefore(tx, host, boot, applied.seq);
    await upsertLease(tx, renewed(before, request, isTimed));
    const ids = await routerIdsOn(tx, host);
    const unreleased = await listUnreleased(tx, ids);
    const { gatewayLeaseMs } = network.config;
    // A request that is armed for longer gets nothing, and asks again for the right time.
    const mayRun = !isTimed || request.armedMs <= gatewayLeaseMs;
    const routers = mayRun ? ids.filter((id) => !unreleased.has(id)) : [];
    return { leaseMs: isTimed ? gatewayLeaseMs : null, routers, pending: ids.length - routers.length };
  });
}

/** A request that was overtaken by a later one: its answer is not used. */
function refuseOutdated(before: Lease | undefined, { host, boot, seq }: Request): void {
  if (before && (boot < before.boot || (boot === before.boot && seq <= before.seq)))
    throw conflict(`A later request of host ${host} for the lease of its routers was answered already.`);
}

/** An answer that lasts may be in the kernel until the host says that a timed one has replaced it. */
const renewed = (before: Lease | undefined, { host, boot, seq, applied }: Request, isTimed: boolean): Lease => ({
  ...{ host, boot, seq },
  renewedAt: Math.max(Date.now(), (before?.renewedAt ?? 0) + 1),
  lasting: !isTimed || (applied ? applied.lasting : (before?.lasting ?? true)),
});
