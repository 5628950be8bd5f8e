import type { Knex } from 'knex';
import { type Attributes, type Standard, standardAttributes, tableOf, text } from '../resources/store.ts';

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

export const floatingIpRows = tableOf<FloatingIp>({
  name: 'floating_ips',
  missing: ['FloatingIPNotFound', (id) => `Floating IP ${id} could not be found`],
});

export const floatingIpAttributes: Attributes = {
  ...standardAttributes,
  floating_network_id: text('floatingNetworkId'),
  floating_ip_address: text('floatingIpAddress'),
  fixed_ip_address: text('fixedIpAddress'),
  port_id: text('portId'),
  router_id: text('routerId'),
  status: text('status'),
};

/** Does not increase the revision, as the state is not set by a request. */
export const setFloatingIpStates = (tx: Knex, ids: readonly string[], status: FloatingIp['status']) =>
  tx<FloatingIp>('floating_ips')
    .whereIn('id', [...ids])
    .update({ status });
