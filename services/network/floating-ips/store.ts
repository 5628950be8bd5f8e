import type { Knex } from 'knex';
import type { Who } from '#shared/auth/who.ts';
import {
  type Attributes,
  everything,
  type Listing,
  type Query,
  type Standard,
  seesAll,
  standardAttributes,
  tableOf,
  text,
} from '../resources/store.ts';

export interface FloatingIp extends Standard {
  readonly floatingNetworkId: string;
  readonly floatingIpAddress: string;
  /** The port on the external network that holds the address. */
  readonly floatingPortId: string;
  readonly portId: string | null;
  readonly fixedIpAddress: string | null;
  readonly routerId: string | null;
  readonly status: 'ACTIVE' | 'DOWN';
  readonly dnsName: string;
  readonly dnsDomain: string;
}

export const floatingIpRows = tableOf<FloatingIp>('floating_ips', []);

export const floatingIpAttributes: Attributes = {
  ...standardAttributes,
  floating_network_id: text('floatingNetworkId'),
  floating_ip_address: text('floatingIpAddress'),
  fixed_ip_address: text('fixedIpAddress'),
  port_id: text('portId'),
  router_id: text('routerId'),
  status: text('status'),
};

const visible = (who: Who) => (query: Query) => {
  if (!seesAll(who)) query.where({ projectId: who.projectId ?? '' });
};

export const listFloatingIps = (db: Knex, who: Who, listing: Listing) => floatingIpRows.list(db, visible(who), listing);

export async function getVisibleFloatingIp(db: Knex, who: Who, id: string): Promise<FloatingIp | undefined> {
  const only = { ...everything, filters: [(query: Query) => void query.where({ id })] };
  const [row] = await listFloatingIps(db, who, only);
  return row;
}

/** Its state is no wish of anybody: no revision. */
export const settleFloatingIps = (tx: Knex, ids: readonly string[], status: FloatingIp['status']) =>
  tx<FloatingIp>('floating_ips')
    .whereIn('id', [...ids])
    .update({ status });
