import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { removeFloatingIp } from '../floating-ips/operations.ts';
import { floatingIpRows } from '../floating-ips/store.ts';
import { removePort } from '../ports/remove.ts';
import { owner, portRows } from '../ports/store.ts';
import { subnetRows } from '../subnets/store.ts';
import { restateExternal } from './restate.ts';
import { type NetworkRow, networkRows } from './store.ts';

/** Its subnets go with it, the ports that are there for the network itself, and floating IPs that stand for nobody. */
export async function removeNetwork(network: Network, caller: Caller, row: NetworkRow): Promise<void> {
  const { db } = network;
  const idle = await floatingIpRows.where(db, { floatingNetworkId: row.id, portId: null });
  const goes = new Set(idle.map(({ floatingPortId }) => floatingPortId));
  const ports = await portRows.where(db, { networkId: row.id });
  const leases = ports.filter(({ deviceOwner }) => deviceOwner === owner.dhcp);
  if (ports.length > leases.length + goes.size) throw networkInUse(row.id);
  for (const floatingIp of idle) await removeFloatingIp(network, caller, floatingIp);
  for (const port of leases) await removePort(network, port);
  for (const subnet of await subnetRows.where(db, { networkId: row.id })) await subnetRows.remove(db, subnet.id);
  await restateExternal(network, row);
  await networkRows.remove(db, row.id);
}

const networkInUse = (id: string) =>
  conflict(
    `Unable to complete operation on network ${id}. There are one or more ports still in use on the network.`,
    'NetworkInUse',
  );
