import type { Network } from '../context.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { subnetsOf } from '../subnets/store.ts';
import { createNetwork, type NetworkInput, updateNetwork } from './operations.ts';
import { removeNetwork } from './remove.ts';
import { type NetworkRow, networkAttributes, networkRows } from './store.ts';
import { networkView } from './view.ts';

const networkKind: Kind<NetworkRow, NetworkInput> = {
  one: 'network',
  many: 'networks',
  attributes: networkAttributes,
  defaults: { shared: false, 'router:external': false, is_default: false, port_security_enabled: true },
  guarded: ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'],
  rows: networkRows,
  views: async ({ db }: Network, rows, may) => {
    const subnets = await subnetsOf(
      db,
      rows.map(({ id }) => id),
    );
    const of = Map.groupBy(subnets, ({ networkId }) => networkId);
    return rows.map((row) =>
      networkView(
        row,
        (of.get(row.id) ?? []).map(({ id }) => id),
        may,
      ),
    );
  },
  create: createNetwork,
  update: updateNetwork,
  remove: removeNetwork,
};

export const networks = handlersOf(networkKind);
