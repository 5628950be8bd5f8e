import type { Call } from '#shared/http/route.ts';
import type { Network } from '../context.ts';
import { bandwidthRules, dscpRules, type QosPolicy } from './resource.ts';

/** The rules of policies, each with its type. */
export async function policyRelations({ db }: Network, rows: readonly QosPolicy[], { may }: Pick<Call, 'may'>) {
  const ids = rows.map(({ id }) => id);
  const limits = Map.groupBy(await bandwidthRules.rows.whereIn(db, 'policyId', ids), ({ policyId }) => policyId);
  const marks = Map.groupBy(await dscpRules.rows.whereIn(db, 'policyId', ids), ({ policyId }) => policyId);
  const ofPolicy = (policyId: string) => ({ qos_policy_id: policyId });
  return ({ id }: QosPolicy) => ({
    rules: [
      ...(limits.get(id) ?? []).map((rule) => ({
        ...bandwidthRules.view(rule, { may }),
        ...ofPolicy(id),
        type: 'bandwidth_limit',
      })),
      ...(marks.get(id) ?? []).map((rule) => ({
        ...dscpRules.view(rule, { may }),
        ...ofPolicy(id),
        type: 'dscp_marking',
      })),
    ],
  });
}
