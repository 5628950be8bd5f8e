import { badRequest } from '#shared/errors/fault.ts';
import { attributeOf, type Query } from '#shared/resource/attribute.ts';
import {
  boolean,
  both,
  choice,
  clearable,
  create,
  empty,
  hostname,
  itemOf,
  list,
  listed,
  record,
  refusedParts,
  shortText,
  standard,
  text,
  uuid,
  uuidSchema,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';
import { containing } from '../resources/store.ts';

export interface FixedIpInput {
  readonly subnet_id?: string;
  readonly ip_address?: string;
}

export interface AddressPair {
  readonly ip_address: string;
  readonly mac_address: string;
}

export const owner = {
  dhcp: 'network:dhcp',
  routerInterface: 'network:router_interface',
  routerGateway: 'network:router_gateway',
  floatingIp: 'network:floatingip',
} as const;

const device = { type: 'string', maxLength: 255 };
/** The address of one interface, so no group address and not all zeros. */
const mac = { type: 'string', pattern: '^(?!00(:00){5}$)[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$' };
const fixedIp = itemOf({ subnet_id: uuidSchema, ip_address: shortText });
export const fixedIps = { type: ['array', 'null'], maxItems: 5, items: fixedIp };

/** DHCP options are set per subnet only. */
const noOptions = attributeOf<readonly object[]>({
  kind: 'json',
  input: {
    type: ['array', 'null'],
    items: { type: 'object' },
    description: 'Refused unless empty; DHCP options are set per subnet',
  },
  output: { type: 'array', maxItems: 0 },
  parse: (sent) => {
    if (!Array.isArray(sent) || sent.length === 0) return [];
    throw badRequest(
      "Invalid input for extra_dhcp_opts. Reason: DHCP options of a port are not supported; a subnet's dns_nameservers, host_routes and gateway_ip are.",
      'HTTPBadRequest',
    );
  },
});

export const mostPairs = 10;
const addressPair = itemOf({ ip_address: shortText, mac_address: mac });
export const addressPairList = { type: 'array', maxItems: mostPairs, items: addressPair };

const fixedIpFilters = ['ip_address', 'ip_address_substr', 'subnet_id'];

/** `fixed_ips=ip_address=10.7.0.5`, `subnet_id=…`, `ip_address_substr=…`; several values of one key are alternatives. */
function byFixedIps(query: Query, values: readonly string[]): void {
  const parts = values.flatMap((value) => value.split(',')).map((part) => part.split('=', 2) as [string, string?]);
  const unknown = parts.find(([key]) => !fixedIpFilters.includes(key));
  if (unknown)
    throw badRequest(
      `Invalid input for fixed_ips. Reason: '${unknown.join('=')}' is none of ${fixedIpFilters.join(', ')}.`,
      'HTTPBadRequest',
    );
  const of = (name: string) => parts.filter(([key]) => key === name).map(([, value = '']) => value);
  query.whereIn('ports.id', (inner: Query) => {
    inner.select('portId').from('addresses');
    if (of('subnet_id').length > 0) inner.whereIn('subnetId', of('subnet_id'));
    if (of('ip_address').length > 0) inner.whereIn('address', of('ip_address'));
    for (const piece of of('ip_address_substr')) containing(inner, 'address', piece);
  });
}

const byGroups = (query: Query, values: readonly string[]) =>
  void query.whereIn('ports.id', (inner: Query) => {
    inner
      .select('portId')
      .from('port_groups')
      .whereIn('groupId', [...values]);
  });

export const ports = resource('port', 'ports', {
  table: 'ports',
  missing: ['PortNotFound', (id) => `Port ${id} could not be found.`],
  attributes: {
    ...standard,
    ...refusedParts,
    network_id: uuid({ set: create, required: true, ...listed }),
    mac_address: text({ set: both, ...listed, input: mac }),
    admin_state_up: boolean({ set: both, default: true, ...listed }),
    status: choice(['ACTIVE', 'DOWN', 'N/A'])(listed),
    device_id: text({ set: both, default: '', ...listed, input: device }),
    device_owner: text({ set: both, default: '', ...listed, input: device }),
    fixed_ips: list<FixedIpInput>(fixedIp)({
      stored: false,
      set: both,
      nullable: true,
      input: fixedIps,
      filter: byFixedIps,
    }),
    allowed_address_pairs: list<AddressPair>(
      addressPair,
      mostPairs,
    )({
      set: both,
    }),
    extra_dhcp_opts: noOptions({ set: both, default: [] }),
    security_groups: list<string>(uuidSchema)({ stored: false, set: both, nullable: true, filter: byGroups }),
    port_security_enabled: boolean({ set: both, ...listed }),
    dns_name: hostname({ set: both, default: '', hidden: true, ...listed }),
    qos_policy_id: uuid({ set: both, nullable: true, default: null, ...listed }),
    qos_network_policy_id: uuid({ stored: false, nullable: true }),
    resource_request: empty({ column: null }),
    ip_allocation: choice(['immediate', 'none'])({ stored: false }),
    'binding:vnic_type': text({
      column: 'vnicType',
      set: both,
      default: 'normal',
      ...listed,
      input: { enum: ['normal'] },
    }),
    /** '' when the port is unbound. */
    'binding:host_id': clearable({
      column: 'bindingHost',
      set: both,
      rule: 'get_port:binding:host_id',
      ...listed,
    }),
    'binding:profile': record<object>(
      { type: ['object', 'null'] },
      { type: 'object' },
    )({ column: 'bindingProfile', set: both, rule: 'get_port:binding:profile' }),
    'binding:vif_type': choice(['unbound', 'bridge', 'binding_failed'])({
      column: 'vifType',
      rule: 'get_port:binding:vif_type',
      ...listed,
    }),
    'binding:vif_details': record<object>(
      { type: 'object' },
      { type: 'object' },
    )({ column: 'vifDetails', stored: false, rule: 'get_port:binding:vif_details' }),
  },
});

export const portRows = ports.rows;
export type Port = Row<typeof ports>;
export type NewPort = New<typeof ports>;
export type PortChange = Change<typeof ports>;
