import { deleteAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { notifyCompute } from '../events/store.ts';
import { releaseFloatingIpsOf } from '../floating-ips/release.ts';
import { deleteInactiveOf, listInactive } from '../port-bindings/store.ts';
import { removeForwardingsTo } from '../port-forwardings/release.ts';
import { groupsOfPorts, putPortGroups } from '../security-groups/store.ts';
import { markPortDirty } from './mark-dirty.ts';
import { type Port, portRows } from './resource.ts';

/** Deletes the port with its addresses and group memberships, and marks the affected hosts as dirty. */
export async function removePort(network: Network, port: Port): Promise<void> {
  const { db } = network;
  const groupIds = (await groupsOfPorts(db, [port.id])).get(port.id) ?? [];
  await releaseFloatingIpsOf(network, port.id);
  await removeForwardingsTo(network, port.id);
  const inactive = await listInactive(db, [port.id]);
  await deleteInactiveOf(db, port.id);
  await putPortGroups(db, port.id, []);
  await deleteAddresses(db, port.id);
  await portRows.remove(db, port.id);
  await notifyCompute(db, port, { name: 'network-vif-deleted', status: 'completed' });
  await markPortDirty(network, { before: port, groupIds });
  for (const { host } of inactive) await markPortDirty(network, { before: { ...port, bindingHost: host }, groupIds });
}
