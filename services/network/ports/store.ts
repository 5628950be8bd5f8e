import type { Knex } from 'knex';
import { owner, type Port, portRows } from './resource.ts';

/** Does not increase the revision, as the state is not set by a request. */
export const setPortState = (tx: Knex, id: string, change: Partial<Pick<Port, 'status' | 'vifType' | 'bindingHost'>>) =>
  tx<Port>('ports').where({ id }).update(change);

export const setRouterPortStates = (tx: Knex, routerId: string, status: Port['status']) =>
  tx<Port>('ports')
    .where({ deviceId: routerId })
    .whereIn('deviceOwner', [owner.routerInterface, owner.routerGateway])
    .update({ status });

export async function isMacTaken(db: Knex, networkId: string, macAddress: string): Promise<boolean> {
  return (await portRows.countOf(db, { networkId, macAddress })) > 0;
}

/** The hosts of a network, with their number of ports other than the DHCP port. */
export async function hostsOfNetwork(db: Knex, networkId: string): Promise<Map<string, number>> {
  const rows = await db<Port>('ports')
    .where({ networkId })
    .whereNot({ bindingHost: '' })
    .whereNot({ deviceOwner: owner.dhcp })
    .groupBy('bindingHost')
    .select('bindingHost')
    .count({ ports: '*' });
  return new Map(rows.map((row) => [String(row.bindingHost), Number(row.ports)]));
}

type Bound = Pick<Port, 'id' | 'networkId' | 'deviceId' | 'deviceOwner' | 'bindingHost'>;

/** All ports that are bound to a host, of guests, routers and DHCP. */
export const boundTo = (db: Knex, host: string): Promise<Bound[]> =>
  db<Port>('ports')
    .where({ bindingHost: host })
    .select('id', 'networkId', 'deviceId', 'deviceOwner', 'bindingHost')
    .then((rows) => rows as Bound[]);

/** The bound ports of a network. */
export const boundPorts = (db: Knex, networkId: string): Promise<Bound[]> =>
  db<Port>('ports')
    .where({ networkId })
    .whereNot({ bindingHost: '' })
    .select('id', 'networkId', 'deviceId', 'deviceOwner', 'bindingHost')
    .then((rows) => rows as Bound[]);

/** All hosts of a network, including those that have only its DHCP port or router interfaces. */
export const allHostsOf = (db: Knex, networkId: string): Promise<string[]> =>
  db<Port>('ports')
    .where({ networkId })
    .whereNot({ bindingHost: '' })
    .distinct('bindingHost')
    .then((rows) => rows.map(({ bindingHost }) => bindingHost));

/** The availability zones of networks with a bound DHCP port, by network. */
export async function dhcpZones(db: Knex, networkIds: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  const rows: { readonly networkId: string; readonly availabilityZone: string }[] = await db('ports')
    .join('hosts', 'hosts.host', 'ports.bindingHost')
    .where({ deviceOwner: owner.dhcp })
    .whereIn('networkId', [...networkIds])
    .select('networkId', 'availabilityZone');
  return new Map(rows.map(({ networkId, availabilityZone }) => [networkId, [availabilityZone]]));
}

/** The number of ports of a network on a host. */
export const countOnHost = (db: Knex, networkId: string, bindingHost: string): Promise<number> =>
  portRows.countOf(db, { networkId, bindingHost });
