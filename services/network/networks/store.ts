import type { Knex } from 'knex';
import { type Attributes, count, flag, type Standard, standardAttributes, tableOf, text } from '../resources/store.ts';

export interface NetworkRow extends Standard {
  readonly adminStateUp: boolean;
  readonly status: 'ACTIVE' | 'DOWN';
  readonly shared: boolean;
  readonly external: boolean;
  readonly isDefault: boolean;
  readonly mtu: number;
  readonly networkType: 'vxlan' | 'flat' | 'local';
  readonly physicalNetwork: string | null;
  readonly segmentationId: number;
  readonly portSecurityEnabled: boolean;
  readonly dnsDomain: string;
}

export const networkRows = tableOf<NetworkRow>({
  name: 'networks',
  missing: ['NetworkNotFound', (id) => `Network ${id} could not be found.`],
  // Shared and external networks.
  beside: (own) => void own.orWhere({ shared: true }).orWhere({ external: true }),
});

export const networkAttributes: Attributes = {
  ...standardAttributes,
  admin_state_up: flag('adminStateUp'),
  status: text('status'),
  shared: flag('shared'),
  'router:external': flag('external'),
  is_default: flag('isDefault'),
  mtu: count('mtu'),
  port_security_enabled: flag('portSecurityEnabled'),
  'provider:network_type': text('networkType'),
  'provider:physical_network': text('physicalNetwork'),
  'provider:segmentation_id': count('segmentationId'),
};

/** Locks the network's subnets and DHCP port until the transaction ends. */
export const lockNetwork = (tx: Knex, id: string) => tx<NetworkRow>('networks').where({ id }).forUpdate().first('id');

export const isSegmentTaken = async (db: Knex, segmentationId: number): Promise<boolean> =>
  (await networkRows.countOf(db, { segmentationId })) > 0;
