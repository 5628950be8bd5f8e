import { networkRows } from '../networks/store.ts';
import { networkTarget } from '../networks/target.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createSubnet, removeSubnet, type SubnetInput, updateSubnet } from './operations.ts';
import { type Subnet, subnetAttributes, subnetRows } from './store.ts';
import { subnetView } from './view.ts';

const subnetKind: Kind<Subnet, SubnetInput> = {
  one: 'subnet',
  many: 'subnets',
  attributes: subnetAttributes,
  rows: subnetRows,
  views: async (_network, rows) => rows.map(subnetView),
  target: async ({ db }, { networkId }) => networkTarget(await networkRows.get(db, networkId)),
  targetOfNew: async ({ db }, caller, { network_id }) => networkTarget(await networkRows.find(db, caller, network_id)),
  create: createSubnet,
  update: updateSubnet,
  remove: removeSubnet,
};

export const subnets = handlersOf(subnetKind);
