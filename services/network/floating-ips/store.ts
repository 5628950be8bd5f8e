import type { Knex } from 'knex';
import type { FloatingIp } from './resource.ts';

/** Does not increase the revision, as the state is not set by a request. */
export const setFloatingIpStates = (tx: Knex, ids: readonly string[], status: FloatingIp['status']) =>
  tx<FloatingIp>('floating_ips')
    .whereIn('id', [...ids])
    .update({ status });
