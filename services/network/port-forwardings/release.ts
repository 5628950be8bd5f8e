import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { markRouterDirty } from '../floating-ips/release.ts';
import { floatingIpRows } from '../floating-ips/resource.ts';
import { type PortForwarding, portForwardings } from './resource.ts';

const { rows } = portForwardings;

/** A floating IP without a port forwarding has no router. */
export async function removeForwarding(network: Network, { id, floatingipId }: PortForwarding): Promise<void> {
  const { db } = network;
  await rows.remove(db, id);
  const floatingIp = await floatingIpRows.get(db, floatingipId);
  if (!floatingIp) return;
  await markRouterDirty(network, floatingIp.routerId);
  if ((await rows.countOf(db, { floatingipId })) === 0)
    await floatingIpRows.update(db, floatingipId, { routerId: null, status: 'DOWN' });
}

/** Of a port that is deleted, or that keeps these addresses only. */
export async function removeForwardingsTo(network: Network, portId: string, kept?: ReadonlySet<string>): Promise<void> {
  for (const row of await rows.where(network.db, { internalPortId: portId }))
    if (!kept?.has(row.internalIpAddress)) await removeForwarding(network, row);
}

/** A floating IP with port forwardings is neither associated nor deleted. */
export async function refuseForwarding({ db }: Network, id: string): Promise<void> {
  if ((await rows.countOf(db, { floatingipId: id })) > 0)
    throw conflict(`Floating IP ${id} in use by Port Forwarding resources.`, 'FipInUseByPortForwarding');
}
