import { type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { ownersOf } from '../resources/values.ts';
import { addInterface, type InterfaceInput, removeInterface } from './interfaces.ts';
import { routerRows } from './resource.ts';

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
      ...ownersOf(router),
      port_id: port.id,
      network_id: port.networkId,
      subnet_id: subnetIds[0],
      subnet_ids: subnetIds,
    });
  };

export const addRouterInterface = interfaceHandler(addInterface, 'add_router_interface');
export const removeRouterInterface = interfaceHandler(removeInterface, 'remove_router_interface');
