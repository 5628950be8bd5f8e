import { networkRows } from '../networks/store.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createSubnet, removeSubnet, type SubnetWish, updateSubnet } from './operations.ts';
import { type Subnet, subnetAttributes, subnetRows } from './store.ts';
import { subnetView } from './view.ts';

const subnetKind: Kind<Subnet, SubnetWish> = {
  one: 'subnet',
  many: 'subnets',
  attributes: subnetAttributes,
  rows: subnetRows,
  views: async (_network, rows) => rows.map(subnetView),
  target: async ({ db }, thing) => {
    const networkId = 'networkId' in thing ? thing.networkId : thing.network_id;
    const net = await networkRows.get(db, networkId);
    return { 'network:project_id': net?.projectId, 'network:shared': net?.shared ?? false };
  },
  findParent: ({ db }, who, { network_id }) => networkRows.find(db, who, network_id),
  create: createSubnet,
  update: updateSubnet,
  remove: removeSubnet,
};

export const subnets = handlersOf(subnetKind);
