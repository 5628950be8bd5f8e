import { networkRows } from '../networks/store.ts';
import { networkTarget } from '../networks/target.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import type { PortInput } from './input.ts';
import { createPort, deletePort, updatePort } from './operations.ts';
import { type Port, portAttributes, portRows } from './store.ts';
import { portViews } from './view.ts';

const portKind: Kind<Port, PortInput> = {
  one: 'port',
  many: 'ports',
  attributes: portAttributes,
  defaults: { device_id: '', device_owner: '', 'binding:vnic_type': 'normal' },
  guarded: ['binding:host_id', 'binding:profile', 'binding:vif_type', 'binding:vif_details'],
  rows: portRows,
  views: portViews,
  target: async ({ db }, { networkId }) => networkTarget(await networkRows.get(db, networkId)),
  targetOfNew: async ({ db }, caller, { network_id }) => networkTarget(await networkRows.find(db, caller, network_id)),
  targetOfValues: (body, before) => ({
    network_device: (body.device_owner ?? before?.deviceOwner ?? '').startsWith('network:'),
  }),
  create: createPort,
  update: updatePort,
  remove: deletePort,
};

export const ports = handlersOf(portKind);
