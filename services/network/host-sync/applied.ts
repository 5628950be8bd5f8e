/** Updates of rows after a host applied or refused a spec, in the transaction that deletes the dirty entry. */
import type { Applied, RouterSpec } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { notifyCompute } from '../events/store.ts';
import { setFloatingIpStates } from '../floating-ips/store.ts';
import { updateInactive } from '../port-bindings/store.ts';
import { owner, portRows } from '../ports/resource.ts';
import { setPortState, setRouterPortStates } from '../ports/store.ts';
import { setRouterState } from '../routers/store.ts';

/** Of an inactive binding compute hears too, for it waits before it moves the server there. */
export async function onPortApplied({ db }: Network, portId: string, host: string): Promise<void> {
  const port = await portRows.get(db, portId);
  if (port && port.bindingHost !== host)
    await notifyCompute(db, port, { name: 'network-vif-plugged', status: 'completed' });
  if (!port || port.bindingHost !== host || port.status === 'ACTIVE') return;
  if (port.adminStateUp) await setPortState(db, portId, { status: 'ACTIVE' });
  await notifyCompute(db, port, { name: 'network-vif-plugged', status: 'completed' });
}

/** Marks the binding as failed. The reason is in the log. */
export async function onPortRefused({ db }: Network, portId: string, host: string): Promise<void> {
  await updateInactive(db, portId, host, { vifType: 'binding_failed' });
  const port = await portRows.get(db, portId);
  if (!port || port.bindingHost !== host || port.status === 'ACTIVE') return;
  await setPortState(db, portId, { status: 'DOWN', vifType: 'binding_failed' });
  await notifyCompute(db, port, { name: 'network-vif-plugged', status: 'failed' });
}

/** The host cannot apply the router's spec. */
export const onRouterRefused = async ({ db }: Network, routerId: string): Promise<void> => {
  await setRouterState(db, routerId, 'ERROR');
};

/** A router with refused parts is in ERROR, though the rest is applied. */
export async function onRouterApplied(
  { db }: Network,
  { id, floatingIps, forwardings = [] }: RouterSpec,
  refused: Applied['refused'],
): Promise<void> {
  await setRouterState(db, id, refused.length === 0 ? 'ACTIVE' : 'ERROR');
  await setRouterPortStates(db, id, 'ACTIVE');
  const states = Map.groupBy(floatingIps, (_, at) => (refused.includes(`floatingIps[${at}]`) ? 'ERROR' : 'ACTIVE'));
  for (const [status, some] of states)
    await setFloatingIpStates(
      db,
      some.map((each) => each.id),
      status,
    );
  const isRefused = (at: number) => refused.includes(`forwardings[${at}]`);
  const broken = new Set(forwardings.filter((_, at) => isRefused(at)).map(({ floatingIpId }) => floatingIpId));
  const forwarding = [...new Set(forwardings.map(({ floatingIpId }) => floatingIpId))];
  for (const each of forwarding) await setFloatingIpStates(db, [each], broken.has(each) ? 'ERROR' : 'ACTIVE');
}

export async function onDhcpApplied({ db }: Network, networkId: string): Promise<void> {
  for (const { id } of await portRows.where(db, { networkId, deviceOwner: owner.dhcp }))
    await setPortState(db, id, { status: 'ACTIVE' });
}
