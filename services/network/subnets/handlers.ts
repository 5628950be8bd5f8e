import { findNetwork } from '../networks/operations.ts';
import { networkRows } from '../networks/store.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createSubnet, findSubnet, removeSubnet, type SubnetWish, updateSubnet } from './operations.ts';
import { listSubnets, type Subnet, subnetAttributes } from './store.ts';
import { subnetView } from './view.ts';

const subnetKind: Kind<Subnet, SubnetWish> = {
  one: 'subnet',
  many: 'subnets',
  attributes: subnetAttributes,
  list: ({ db }, who, listing) => listSubnets(db, who, listing),
  find: findSubnet,
  views: async (_network, rows) => rows.map(subnetView),
  target: async ({ db }, thing) => {
    const networkId = 'networkId' in thing ? thing.networkId : thing.network_id;
    const net = await networkRows.get(db, networkId);
    const own = { project_id: thing.projectId, tenant_id: thing.projectId };
    return { ...own, 'network:project_id': net?.projectId, 'network:shared': net?.shared ?? false };
  },
  findParent: (network, who, { network_id }) => findNetwork(network, who, network_id),
  create: createSubnet,
  update: updateSubnet,
  remove: removeSubnet,
};

export const subnets = handlersOf(subnetKind);
