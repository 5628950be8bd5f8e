import { type FixedIpInput, fixedIps } from '../ports/resource.ts';
import {
  boolean,
  both,
  choice,
  create,
  empty,
  flag,
  itemOf,
  list,
  listed,
  record,
  refusedParts,
  standard,
  text,
  texts,
  uuid,
  zoneHints,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';
import { type HostRoute, hostRoute } from '../subnets/resource.ts';

export interface GatewayInput {
  readonly network_id?: string | null;
  readonly enable_snat?: unknown;
  readonly external_fixed_ips?: readonly FixedIpInput[] | null;
}

const gateway = itemOf({
  network_id: { anyOf: [{ type: 'string', format: 'uuid' }, { type: 'null' }] },
  enable_snat: { enum: [...flag.enum, null] },
  external_fixed_ips: fixedIps,
});
const gatewayView = {
  type: 'object',
  required: ['network_id', 'external_fixed_ips', 'enable_snat'],
  properties: { network_id: { type: 'string' }, enable_snat: { type: 'boolean' } },
};
export const mostRoutes = 30;
/** No router here is distributed or highly available. */
const never = { column: null as null, set: both, input: { enum: [false, null] }, show: () => false };

export const routers = resource('router', 'routers', {
  table: 'routers',
  missing: ['RouterNotFound', (id) => `Router ${id} could not be found`],
  attributes: {
    ...standard,
    ...refusedParts,
    admin_state_up: boolean({ set: both, default: true, ...listed }),
    status: choice(['ACTIVE', 'DOWN', 'ERROR'])(listed),
    external_gateway_info: record<GatewayInput>(
      gateway,
      gatewayView,
    )({
      stored: false,
      set: both,
      nullable: true,
      default: null,
    }),
    routes: list<HostRoute>(hostRoute, mostRoutes)({ set: ['update'] }),
    availability_zones: texts({ stored: false }),
    availability_zone_hints: zoneHints,
    flavor_id: empty({ column: null, set: create }),
    ha: boolean({ ...never, rule: 'get_router:ha' }),
    distributed: boolean({ ...never, rule: 'get_router:distributed' }),
    gateway_port_id: uuid({ hidden: true, nullable: true }),
    gateway_network_id: uuid({ hidden: true, nullable: true }),
    enable_snat: boolean({ hidden: true }),
    /** The host that it runs on; '' while there is none. */
    host: text({ hidden: true }),
  },
});

export const routerRows = routers.rows;
export type Router = Row<typeof routers>;
export type NewRouter = New<typeof routers>;
export type RouterChange = Change<typeof routers>;
