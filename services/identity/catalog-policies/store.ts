/** Policy documents, which Keystone keeps for others without reading them, and what they are meant for. */
import { recordsOf } from '../collection/store.ts';

export interface CatalogPolicy {
  readonly id: string;
  readonly type: string;
  readonly blob: string;
  readonly extra: Readonly<Record<string, unknown>>;
}
/** Of an endpoint, of a service, or of a service in a region; '' where it says nothing. */
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
