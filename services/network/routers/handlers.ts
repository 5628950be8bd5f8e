import { type Handler, ok } from '#shared/http/route.ts';
import { type Address, listAddresses } from '../addresses/store.ts';
import { fixedIpViews } from '../addresses/view.ts';
import { atomically, type Network } from '../context.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { type May, ownersOf } from '../resources/values.ts';
import { standardView } from '../resources/view.ts';
import { addInterface, type InterfaceInput, removeInterface } from './interfaces.ts';
import { createRouter, type RouterInput, removeRouter, updateRouter } from './operations.ts';
import { type Router, routerAttributes, routerRows } from './store.ts';

const routerKind: Kind<Router, RouterInput> = {
  one: 'router',
  many: 'routers',
  attributes: routerAttributes,
  defaults: { external_gateway_info: null },
  rows: routerRows,
  views: async ({ db }: Network, rows, may) => {
    const portIds = rows.flatMap(({ gatewayPortId }) => gatewayPortId ?? []);
    const gatewayAddresses = Map.groupBy(await listAddresses(db, portIds), ({ portId }) => portId);
    const kind = kindView(may);
    return rows.map((row) => ({ ...routerView(row, gatewayAddresses.get(row.gatewayPortId ?? '') ?? []), ...kind }));
  },
  create: createRouter,
  update: updateRouter,
  remove: removeRouter,
};

/** Attributes for admins only; every router here is neither HA nor distributed. */
const kindView = (may: May) => ({
  ...(may('get_router:ha') ? { ha: false } : {}),
  ...(may('get_router:distributed') ? { distributed: false } : {}),
});

const routerView = (router: Router, gatewayAddresses: readonly Address[]) => ({
  ...standardView(router),
  admin_state_up: router.adminStateUp,
  status: router.status,
  external_gateway_info: router.gatewayNetworkId === null ? null : gatewayView(router, gatewayAddresses),
  routes: router.routes,
  availability_zones: router.host === '' ? [] : ['nova'],
  availability_zone_hints: [],
  flavor_id: null,
});

const gatewayView = ({ gatewayNetworkId, enableSnat }: Router, gatewayAddresses: readonly Address[]) => ({
  network_id: gatewayNetworkId,
  external_fixed_ips: fixedIpViews(gatewayAddresses),
  enable_snat: enableSnat,
});

export const routers = handlersOf(routerKind);

const interfaceHandler =
  (verb: typeof addInterface, rule: string): Handler<Network, InterfaceInput, 'id'> =>
  async (network, { caller, params, body, authorize }) => {
    const { router, port, subnetIds } = await atomically(network, async (within) => {
      const found = await routerRows.find(within.db, caller, params.id);
      authorize(rule, ownersOf(found));
      return verb(within, caller, found, body);
    });
    return ok({
      id: router.id,
      tenant_id: router.projectId,
      project_id: router.projectId,
      port_id: port.id,
      network_id: port.networkId,
      subnet_id: subnetIds[0],
      subnet_ids: subnetIds,
    });
  };

export const addRouterInterface = interfaceHandler(addInterface, 'add_router_interface');
export const removeRouterInterface = interfaceHandler(removeInterface, 'remove_router_interface');
