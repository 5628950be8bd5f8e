import { networkRows } from '../networks/store.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createPort, deletePort, updatePort } from './operations.ts';
import { type Port, portAttributes, portRows } from './store.ts';
import { portTarget, portViews } from './view.ts';
import type { PortWish } from './wish.ts';

const portKind: Kind<Port, PortWish> = {
  one: 'port',
  many: 'ports',
  attributes: portAttributes,
  rows: portRows,
  views: portViews,
  target: (network, thing) =>
    'networkId' in thing
      ? portTarget(network, thing.networkId, thing.deviceOwner)
      : portTarget(network, thing.network_id, thing.device_owner ?? ''),
  findParent: ({ db }, who, { network_id }) => networkRows.find(db, who, network_id),
  create: createPort,
  update: updatePort,
  remove: deletePort,
};

export const ports = handlersOf(portKind);
