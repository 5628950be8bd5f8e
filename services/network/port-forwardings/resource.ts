import { floatingIpRows } from '../floating-ips/resource.ts';
import {
  both,
  choice,
  clearable,
  integer,
  listed,
  namelessUntagged,
  text,
  texts,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

export const protocols = ['tcp', 'udp', 'sctp', 'dccp'] as const;

const port = { stored: false, set: both, min: 1, max: 65_535, nullable: true } as const;
/** `80:90` */
const range = {
  stored: false,
  set: both,
  nullable: true,
  input: { type: 'string', pattern: '^[0-9]{1,5}(:[0-9]{1,5})?$' },
} as const;

/** Ports of a floating IP that lead to those of a guest. A range leads to one of the same length, or to one port. */
export const portForwardings = resource('port_forwarding', 'port_forwardings', {
  table: 'port_forwardings',
  missing: ['PortForwardingNotFound', (id) => `Port Forwarding ${id} could not be found.`],
  rule: 'floatingip_port_forwarding',
  parent: {
    path: '/v2.0/floatingips/:floatingip_id',
    param: 'floatingip_id',
    column: 'floatingipId',
    find: floatingIpRows.find,
  },
  untagged: true,
  attributes: {
    ...namelessUntagged,
    tags: texts({ hidden: true }),
    tenant_id: text({ column: 'projectId', hidden: true }),
    project_id: text({ column: 'projectId', hidden: true }),
    description: clearable({ set: both, default: '', ...listed }),
    floatingip_id: uuid({ hidden: true }),
    protocol: choice(protocols)({ set: both, required: true, ...listed }),
    internal_port_id: uuid({ set: both, required: true, ...listed }),
    internal_ip_address: text({ set: both, ...listed, input: { type: 'string', maxLength: 64 } }),
    external_port: integer(port),
    external_port_range: text(range),
    internal_port: integer(port),
    internal_port_range: text(range),
    external_first: integer({ hidden: true }),
    external_last: integer({ hidden: true }),
    internal_first: integer({ hidden: true }),
    internal_last: integer({ hidden: true }),
  },
});

export type PortForwarding = Row<typeof portForwardings>;
export type NewPortForwarding = New<typeof portForwardings>;
export type PortForwardingChange = Change<typeof portForwardings>;
