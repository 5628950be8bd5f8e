/** What became true, or did not, when a host has answered. Rows only, in the transaction that ends the statement. */
import type { Applied, RouterWish } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { tellCompute } from '../events/store.ts';
import { settleFloatingIps } from '../floating-ips/store.ts';
import { owner, portRows, settlePort, settleRouterPorts } from '../ports/store.ts';
import { settleRouter } from '../routers/store.ts';

export async function portStands({ db }: Network, portId: string): Promise<void> {
  const port = await portRows.get(db, portId);
  if (!port || port.status === 'ACTIVE') return;
  if (port.adminStateUp) await settlePort(db, portId, { status: 'ACTIVE' });
  await tellCompute(db, port, { name: 'network-vif-plugged', status: 'completed' });
}

/** The host refuses to have it, and said why in the log. */
export async function portRefused({ db }: Network, portId: string): Promise<void> {
  const port = await portRows.get(db, portId);
  if (!port || port.status === 'ACTIVE') return;
  await settlePort(db, portId, { status: 'DOWN', vifType: 'binding_failed' });
  await tellCompute(db, port, { name: 'network-vif-plugged', status: 'failed' });
}

/** The host cannot have it as its rows say: nobody is told that it works. */
export const routerRefused = async ({ db }: Network, routerId: string): Promise<void> => {
  await settleRouter(db, routerId, 'ERROR');
};

/** One of which the host left something out is there, but not all that its rows say. */
export async function routerStands(
  { db }: Network,
  { id, floatingIps }: RouterWish,
  refused: Applied['refused'],
): Promise<void> {
  await settleRouter(db, id, refused.length === 0 ? 'ACTIVE' : 'ERROR');
  await settleRouterPorts(db, id, 'ACTIVE');
  await settleFloatingIps(
    db,
    floatingIps.map((each) => each.id),
    'ACTIVE',
  );
}

export async function leasesStand({ db }: Network, networkId: string): Promise<void> {
  for (const { id } of await portRows.where(db, { networkId, deviceOwner: owner.dhcp }))
    await settlePort(db, id, { status: 'ACTIVE' });
}
