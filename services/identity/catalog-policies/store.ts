/** Policy documents, which are stored but not evaluated, and their associations. */
import { recordsOf } from '../collection/store.ts';

export interface CatalogPolicy {
  readonly id: string;
  readonly type: string;
  readonly blob: string;
  readonly extra: Readonly<Record<string, unknown>>;
}
/** With an endpoint, a service, or a service in a region; empty where not set. */
export interface PolicyAssociation {
  readonly id: string;
  readonly policyId: string;
  readonly endpointId: string;
  readonly serviceId: string;
  readonly regionId: string;
}

export const policies = recordsOf<CatalogPolicy>({
  table: 'policies',
  what: 'policy',
  json: ['extra'],
  filters: { type: 'type' },
});
export const associations = recordsOf<PolicyAssociation>({ table: 'policy_associations', what: 'policy association' });
