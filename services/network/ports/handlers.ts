import { findNetwork } from '../networks/operations.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createPort, deletePort, findPort, updatePort } from './operations.ts';
import { listPorts, type Port, portAttributes } from './store.ts';
import { portTarget, portViews } from './view.ts';
import type { PortWish } from './wish.ts';

const portKind: Kind<Port, PortWish> = {
  one: 'port',
  many: 'ports',
  attributes: portAttributes,
  list: ({ db }, who, listing) => listPorts(db, who, listing),
  find: findPort,
  views: portViews,
  target: (network, thing) =>
    'networkId' in thing
      ? portTarget(network, thing.networkId, thing.projectId, thing.deviceOwner)
      : portTarget(network, thing.network_id, thing.projectId, thing.device_owner ?? ''),
  findParent: (network, who, { network_id }) => findNetwork(network, who, network_id),
  create: createPort,
  update: updatePort,
  remove: deletePort,
};

export const ports = handlersOf(portKind);
