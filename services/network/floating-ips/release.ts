import type { Network } from '../context.ts';
import { notifyCompute } from '../events/store.ts';
import { markDirty } from '../host-sync/store.ts';
import { portRows } from '../ports/resource.ts';
import { routerRows } from '../routers/resource.ts';
import { type FloatingIp, floatingIpRows } from './resource.ts';

/** Marks the router of a floating IP, present or former, as dirty. */
export async function markRouterDirty({ db }: Network, routerId: string | null): Promise<void> {
  const router = routerId === null ? undefined : await routerRows.get(db, routerId);
  if (router) await markDirty(db, [{ host: router.host, kind: 'router', subject: router.id }]);
}

/** Queues an event for compute that the addresses of a server's port changed. */
export async function notifyAddressChange({ db }: Network, portId: string | null): Promise<void> {
  const port = portId === null ? undefined : await portRows.get(db, portId);
  if (port) await notifyCompute(db, port, { name: 'network-changed', status: 'completed' });
}

export async function disassociate(network: Network, floatingIp: FloatingIp): Promise<void> {
  const nothing = { portId: null, fixedIpAddress: null, routerId: null, status: 'DOWN' } as const;
  await floatingIpRows.update(network.db, floatingIp.id, nothing);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
}

/** Disassociates the floating IPs of a port, except those of fixed IPs that it keeps. */
export async function releaseFloatingIpsOf(
  network: Network,
  portId: string,
  kept?: ReadonlySet<string>,
): Promise<void> {
  for (const floatingIp of await floatingIpRows.where(network.db, { portId }))
    if (!kept?.has(floatingIp.fixedIpAddress ?? '')) await disassociate(network, floatingIp);
}
