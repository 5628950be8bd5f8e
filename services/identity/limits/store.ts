/** Registered limits (defaults), and limits of single projects and domains. */
import { recordsOf } from '../collection/store.ts';

export interface RegisteredLimit {
  readonly id: string;
  readonly serviceId: string;
  /** Empty for no region. */
  readonly regionId: string;
  readonly resourceName: string;
  readonly defaultLimit: number;
  readonly description: string | null;
}
export interface Limit {
  readonly id: string;
  readonly ownerKind: 'project' | 'domain';
  readonly ownerId: string;
  readonly serviceId: string;
  readonly regionId: string;
  readonly resourceName: string;
  readonly resourceLimit: number;
  readonly description: string | null;
}

const filters = { service_id: 'serviceId', region_id: 'regionId', resource_name: 'resourceName' };

export const registeredLimits = recordsOf<RegisteredLimit>({
  table: 'registered_limits',
  what: 'registered limit',
  filters,
});
export const limits = recordsOf<Limit>({
  table: 'limits',
  what: 'limit',
  filters: { ...filters, project_id: 'ownerId', domain_id: 'ownerId' },
});
