import type { Query } from '#shared/resource/attribute.ts';
import { networks } from '../networks/resource.ts';
import { integer, list, listed, text, texts } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const { missing } = networks;
const subnet = {
  type: 'object',
  required: ['subnet_id', 'subnet_name', 'ip_version', 'cidr', 'total_ips', 'used_ips'],
  properties: { total_ips: { type: 'number' }, used_ips: { type: 'integer' } },
};

const withSubnets = (query: Query, versions: readonly string[]) =>
  void query.whereIn('id', (inner: Query) => {
    inner.select('networkId').from('subnets').whereIn('ipVersion', versions.map(Number).filter(Number.isInteger));
  });

/** How many addresses a network has, and how many of them are allocated. */
export const availabilities = resource('network_ip_availability', 'network_ip_availabilities', {
  table: 'networks',
  missing,
  untagged: true,
  attributes: {
    network_id: text({ column: 'id', ...listed }),
    network_name: text({ column: 'name', ...listed }),
    project_id: text({ column: 'projectId', ...listed }),
    tenant_id: text({ column: 'projectId', ...listed }),
    /** Counts above 2^53 are rounded, as numbers in JSON are. */
    total_ips: integer({ stored: false, output: { type: 'number' } }),
    used_ips: integer({ stored: false }),
    subnet_ip_availability: list<object>(subnet)({ stored: false }),
    /** Restricts the counts, and the networks, to those with subnets of one family. */
    ip_version: text({ column: null, hidden: true, filter: withSubnets }),
    tags: texts({ hidden: true }),
    revision: integer({ hidden: true }),
  },
});

export type Availability = Row<typeof availabilities>;
