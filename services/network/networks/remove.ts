import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { removeFloatingIp } from '../floating-ips/operations.ts';
import { floatingIpRows } from '../floating-ips/resource.ts';
import { removePort } from '../ports/remove.ts';
import { owner, portRows } from '../ports/resource.ts';
import { deletePoliciesOf } from '../sharing/store.ts';
import { subnetRows } from '../subnets/resource.ts';
import { markExternalDirty } from './mark-dirty.ts';
import { type NetworkRow, networkRows } from './resource.ts';

/** Removes the network with its subnets, its DHCP port, and floating IPs without a port. */
export async function removeNetwork(network: Network, caller: Caller, row: NetworkRow): Promise<void> {
  const { db } = network;
  const idle = await floatingIpRows.where(db, { floatingNetworkId: row.id, portId: null });
  const freedPorts = new Set(idle.map(({ floatingPortId }) => floatingPortId));
  const ports = await portRows.where(db, { networkId: row.id });
  const dhcpPorts = ports.filter(({ deviceOwner }) => deviceOwner === owner.dhcp);
  if (ports.length > dhcpPorts.length + freedPorts.size) throw networkInUse(row.id);
  for (const floatingIp of idle) await removeFloatingIp(network, caller, floatingIp);
  for (const port of dhcpPorts) await removePort(network, port);
  for (const subnet of await subnetRows.where(db, { networkId: row.id })) await subnetRows.remove(db, subnet.id);
  await markExternalDirty(network, row);
  await deletePoliciesOf(db, row.id);
  await networkRows.remove(db, row.id);
}

const networkInUse = (id: string) =>
  conflict(
    `Unable to complete operation on network ${id}. There are one or more ports still in use on the network.`,
    'NetworkInUse',
  );
