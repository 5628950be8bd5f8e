import {
  both,
  choice,
  clearable,
  create,
  empty,
  list,
  listed,
  nameless,
  record,
  text,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

const address = { type: ['string', 'null'], maxLength: 64 };
const uuidOrNull = { anyOf: [{ type: 'string', format: 'uuid' }, { type: 'null' }] };

export const floatingIps = resource('floatingip', 'floatingips', {
  table: 'floating_ips',
  missing: ['FloatingIPNotFound', (id) => `Floating IP ${id} could not be found`],
  attributes: {
    ...nameless,
    description: clearable({ set: both, ...listed }),
    floating_network_id: uuid({ set: create, required: true, ...listed }),
    floating_ip_address: text({ set: create, ...listed, input: address, output: { type: 'string' } }),
    /** The port on the external network that holds the address. */
    floating_port_id: uuid({ hidden: true }),
    subnet_id: uuid({ stored: false, hidden: true, set: create, input: uuidOrNull }),
    port_id: uuid({ set: both, nullable: true, ...listed }),
    fixed_ip_address: text({ set: both, nullable: true, ...listed, input: { type: 'string', maxLength: 64 } }),
    router_id: uuid({ nullable: true, ...listed }),
    /** ERROR when the host of its router refuses it. */
    status: choice(['ACTIVE', 'DOWN', 'ERROR'])(listed),
    /** Empty: names of floating IPs are not implemented. */
    dns_name: text({ hidden: true }),
    dns_domain: text({ hidden: true }),
    /** An update with it is not an empty one, which disassociates. */
    qos_policy_id: empty({ stored: false, set: both, show: () => null }),
    port_forwardings: list<object>({ type: 'object' })({ stored: false }),
    port_details: record<object>({ type: 'object' }, { type: 'object' })({ stored: false, nullable: true }),
  },
});

export const floatingIpRows = floatingIps.rows;
export type FloatingIp = Row<typeof floatingIps>;
export type NewFloatingIp = New<typeof floatingIps>;
export type FloatingIpChange = Change<typeof floatingIps>;
