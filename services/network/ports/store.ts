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
    .whereIn('bindingHost', db('hosts').select('host'))
    .whereNot({ deviceOwner: owner.dhcp })
    .groupBy('bindingHost')
    .select('bindingHost')
    .count({ ports: '*' });
  return new Map(rows.map((row) => [String(row.bindingHost), Number(row.ports)]));
}

type Bound = Pick<Port, 'id' | 'networkId' | 'deviceId' | 'deviceOwner' | 'bindingHost'>;

const boundColumns = ['ports.id', 'ports.networkId', 'ports.deviceId', 'ports.deviceOwner'];

/** The ports of the query with the host of each binding, active or not, if that host has ever reported. */
async function bindingsAmong(db: Knex, narrow: (query: Knex.QueryBuilder, host: string) => void): Promise<Bound[]> {
  const active = db('ports').select(...boundColumns, 'ports.bindingHost');
  narrow(active, 'ports.bindingHost');
  const inactive = db('port_bindings')
    .join('ports', 'ports.id', 'port_bindings.portId')
    .select(...boundColumns, 'port_bindings.host as bindingHost');
  narrow(inactive, 'port_bindings.host');
  active.whereIn('ports.bindingHost', db('hosts').select('host'));
  return [...((await active) as Bound[]), ...((await inactive) as Bound[])];
}

/** All ports with a binding to a host, of guests, routers and DHCP. */
export const boundTo = (db: Knex, name: string): Promise<Bound[]> =>
  bindingsAmong(db, (query, host) => query.where(host, name));

/** The bound ports of a network, once for each of their hosts. */
export const boundPorts = (db: Knex, networkId: string): Promise<Bound[]> =>
  bindingsAmong(db, (query, host) => query.where({ networkId }).whereNot(host, ''));

/** All hosts of a network, including those that have only its DHCP port or router interfaces. */
export const allHostsOf = async (db: Knex, networkId: string): Promise<string[]> => [
  ...new Set((await boundPorts(db, networkId)).map(({ bindingHost }) => bindingHost)),
];

/** The availability zones of networks with a bound DHCP port, by network. */
export async function dhcpZones(db: Knex, networkIds: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  const rows: { readonly networkId: string; readonly availabilityZone: string }[] = await db('ports')
    .join('hosts', 'hosts.host', 'ports.bindingHost')
    .where({ deviceOwner: owner.dhcp })
    .whereIn('networkId', [...networkIds])
    .select('networkId', 'availabilityZone');
  return new Map(rows.map(({ networkId, availabilityZone }) => [networkId, [availabilityZone]]));
}

/** The number of ports of a network with a binding to a host. */
export const countOnHost = async (db: Knex, networkId: string, name: string): Promise<number> =>
  (await bindingsAmong(db, (query, host) => query.where({ networkId }).where(host, name))).length;
