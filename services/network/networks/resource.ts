import type { Json } from '#shared/api/document.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import {
  boolean,
  both,
  choice,
  digitsOrNull,
  hostname,
  integer,
  list,
  listed,
  standard,
  text,
  texts,
  uuid,
  zoneHints,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

const textOrNull = { type: ['string', 'null'], maxLength: 255 } satisfies Json;

type NetworkType = 'vxlan' | 'flat' | 'local';
/** Others are refused when the segment is chosen. */
const networkType = attributeOf<NetworkType>({
  kind: 'text',
  input: textOrNull,
  output: { enum: ['vxlan', 'flat', 'local'] },
  parse: (sent) => (sent ?? 'vxlan') as NetworkType,
});

/** 0 and null stand for the largest that the type of network allows. */
const mtu = attributeOf<number>({ kind: 'number', input: digitsOrNull, output: { type: 'integer' }, parse: Number });

export const networks = resource('network', 'networks', {
  table: 'networks',
  missing: ['NetworkNotFound', (id) => `Network ${id} could not be found.`],
  sharing: { type: 'network', from: 'id' },
  attributes: {
    ...standard,
    admin_state_up: boolean({ set: both, default: true, ...listed }),
    status: choice(['ACTIVE', 'DOWN'])(listed),
    mtu: mtu({ set: both, ...listed }),
    subnets: list<string>({ type: 'string' })({ stored: false }),
    shared: boolean({ set: both, default: false, ...listed }),
    'router:external': boolean({ column: 'external', set: both, default: false, ...listed }),
    /** Only of an external network. */
    is_default: boolean({ set: both, default: false, ...listed }),
    port_security_enabled: boolean({ set: both, default: true, ...listed }),
    dns_domain: hostname({ set: both, default: '', hidden: true }),
    'provider:network_type': networkType({
      column: 'networkType',
      set: both,
      rule: 'get_network:provider:network_type',
      ...listed,
    }),
    'provider:physical_network': text({
      column: 'physicalNetwork',
      set: both,
      nullable: true,
      input: { type: 'string', maxLength: 255 },
      rule: 'get_network:provider:physical_network',
      ...listed,
    }),
    /** Hosts need a number for a flat network too; clients do not see that one. */
    segmentation_number: integer({ column: 'segmentationId', hidden: true }),
    'provider:segmentation_id': integer({
      column: 'segmentationId',
      stored: false,
      set: both,
      nullable: true,
      rule: 'get_network:provider:segmentation_id',
      ...listed,
    }),
    availability_zone_hints: zoneHints,
    availability_zones: texts({ stored: false }),
    qos_policy_id: uuid({ set: both, nullable: true, ...listed }),
    ipv4_address_scope: uuid({ stored: false, nullable: true }),
    ipv6_address_scope: uuid({ stored: false, nullable: true }),
    l2_adjacency: boolean({ column: null, show: () => true }),
  },
});

export const networkRows = networks.rows;
export type NetworkRow = Row<typeof networks>;
export type NewNetwork = New<typeof networks>;
export type NetworkChange = Change<typeof networks>;
