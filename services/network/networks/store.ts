import type { Knex } from 'knex';
import type { Who } from '#shared/auth/who.ts';
import {
  type Attributes,
  count,
  everything,
  flag,
  type Listing,
  type Query,
  type Standard,
  seesAll,
  standardAttributes,
  tableOf,
  text,
} from '../resources/store.ts';

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

export const networkRows = tableOf<NetworkRow>('networks', []);

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

/** Its own, what is shared, and the way outside. */
const visible = (who: Who) => (query: Query) => {
  if (seesAll(who)) return;
  query
    .where({ projectId: who.projectId ?? '' })
    .orWhere({ shared: true })
    .orWhere({ external: true });
};

export const listNetworks = (db: Knex, who: Who, listing: Listing) => networkRows.list(db, visible(who), listing);

/** Undefined also when `who` may not see it. */
export async function getVisibleNetwork(db: Knex, who: Who, id: string): Promise<NetworkRow | undefined> {
  const only = { ...everything, filters: [(query: Query) => void query.where({ id })] };
  const [row] = await listNetworks(db, who, only);
  return row;
}

/** Until the transaction ends nobody else changes what belongs to the network as a whole: its subnets and its leases. */
export const lockNetwork = (tx: Knex, id: string) => tx<NetworkRow>('networks').where({ id }).forUpdate().first('id');

export const isSegmentTaken = async (db: Knex, segmentationId: number): Promise<boolean> =>
  (await networkRows.countOf(db, { segmentationId })) > 0;
