/** Moves a router with its ports to another host. */
import type { Network } from '../context.ts';
import { markDirty } from '../host-sync/store.ts';
import { markPortDirty } from '../ports/mark-dirty.ts';
import { owner, portRows } from '../ports/resource.ts';
import { setPortState } from '../ports/store.ts';
import type { Router } from '../routers/resource.ts';
import { deleteRelease, insertRelease, lockLease, setRouterHost } from './store.ts';

/**
 * Must run inside a transaction. The new host runs it when the old one has given it up; at once when the lease of the old one
 * has ended (`isReleased`). `to` may be '', for no host.
 */
export async function moveRouter(network: Network, router: Router, to: string, isReleased: boolean): Promise<void> {
  const { db } = network;
  const { id, host: from } = router;
  if (from === to) return;
  const lease = from === '' || isReleased ? undefined : await lockLease(db, from);
  if (lease) await insertRelease(db, { routerId: id, host: from, boot: lease.boot, seq: lease.seq });
  if (to !== '') await deleteRelease(db, id, to);
  await setRouterHost(db, id, to);
  await markDirty(db, [
    { host: from, kind: 'router', subject: id },
    { host: to, kind: 'router', subject: id },
  ]);
  const vifType = to === '' ? 'unbound' : 'bridge';
  for (const port of await portRows.where(db, { deviceId: id })) {
    if (port.deviceOwner !== owner.routerInterface && port.deviceOwner !== owner.routerGateway) continue;
    await setPortState(db, port.id, { bindingHost: to, vifType, status: 'DOWN' });
    await markPortDirty(network, { before: port, after: { ...port, bindingHost: to, vifType }, groupIds: [] });
  }
}
