import type { Knex } from 'knex';
import {
  type Attributes,
  flag,
  type Query,
  type Standard,
  standardAttributes,
  tableOf,
  text,
} from '../resources/store.ts';

export interface AddressPair {
  readonly ip_address: string;
  readonly mac_address: string;
}

export interface Port extends Standard {
  readonly networkId: string;
  readonly macAddress: string;
  readonly adminStateUp: boolean;
  readonly status: 'ACTIVE' | 'DOWN' | 'N/A';
  readonly deviceId: string;
  readonly deviceOwner: string;
  readonly portSecurityEnabled: boolean;
  readonly allowedAddressPairs: readonly AddressPair[];
  readonly extraDhcpOpts: readonly object[];
  readonly dnsName: string;
  /** '' when the port is unbound. */
  readonly bindingHost: string;
  readonly vifType: 'unbound' | 'bridge' | 'binding_failed';
  readonly vnicType: string;
  readonly bindingProfile: object;
}

export const portRows = tableOf<Port>({
  name: 'ports',
  json: ['allowedAddressPairs', 'extraDhcpOpts', 'bindingProfile'],
  missing: ['PortNotFound', (id) => `Port ${id} could not be found.`],
  // Ports on the project's networks.
  beside: (own, projectId) =>
    void own.orWhereIn('networkId', (each: Query) => {
      each.select('id').from('networks').where({ projectId });
    }),
});

export const owner = {
  dhcp: 'network:dhcp',
  routerInterface: 'network:router_interface',
  routerGateway: 'network:router_gateway',
  floatingIp: 'network:floatingip',
} as const;

/** `fixed_ips=ip_address=10.7.0.5`, `subnet_id=…`, `ip_address_substr=…`; several values of one key are alternatives. */
function byFixedIps(query: Query, values: readonly string[]): void {
  const parts = values.flatMap((value) => value.split(',')).map((part) => part.split('=', 2) as [string, string?]);
  const of = (name: string) => parts.filter(([key]) => key === name).map(([, value = '']) => value);
  query.whereIn('ports.id', (inner: Query) => {
    inner.select('portId').from('addresses');
    if (of('subnet_id').length > 0) inner.whereIn('subnetId', of('subnet_id'));
    if (of('ip_address').length > 0) inner.whereIn('address', of('ip_address'));
    for (const piece of of('ip_address_substr')) inner.whereRaw('instr(??, ?) > 0', ['address', piece]);
  });
}

export const portAttributes: Attributes = {
  ...standardAttributes,
  network_id: text('networkId'),
  mac_address: text('macAddress'),
  admin_state_up: flag('adminStateUp'),
  status: text('status'),
  device_id: text('deviceId'),
  device_owner: text('deviceOwner'),
  port_security_enabled: flag('portSecurityEnabled'),
  dns_name: text('dnsName'),
  'binding:host_id': text('bindingHost'),
  'binding:vif_type': text('vifType'),
  'binding:vnic_type': text('vnicType'),
  fixed_ips: byFixedIps,
  security_groups: (query, values) =>
    void query.whereIn('ports.id', (inner: Query) => {
      inner
        .select('portId')
        .from('port_groups')
        .whereIn('groupId', [...values]);
    }),
};

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

/** The number of ports of a network on a host. */
export const countOnHost = (db: Knex, networkId: string, bindingHost: string): Promise<number> =>
  portRows.countOf(db, { networkId, bindingHost });
