import type { Knex } from 'knex';
import type { PortQos } from '#shared/contracts/network-agent.ts';
import { bandwidthRules, dscpRules } from './resource.ts';

/** The policies of networks that have one, by network. */
export async function policiesOfNetworks(
  db: Knex,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (networkIds.length === 0) return new Map();
  const rows: { readonly id: string; readonly qosPolicyId: string }[] = await db('networks')
    .whereIn('id', [...new Set(networkIds)])
    .whereNotNull('qosPolicyId')
    .select('id', 'qosPolicyId');
  return new Map(rows.map(({ id, qosPolicyId }) => [id, qosPolicyId]));
}

/** What the rules of a policy ask of a host; undefined without a rule. */
export async function qosOf(db: Knex, policyId: string | null): Promise<PortQos | undefined> {
  if (policyId === null) return undefined;
  const limits = await bandwidthRules.rows.where(db, { policyId });
  const [mark] = await dscpRules.rows.where(db, { policyId });
  if (limits.length === 0 && !mark) return undefined;
  return {
    limits: limits.map(({ direction, maxKbps, maxBurstKbps }) => ({ direction, kbps: maxKbps, burstKb: maxBurstKbps })),
    dscp: mark?.dscpMark ?? null,
  };
}

interface User {
  readonly kind: 'Network' | 'Port';
  readonly id: string;
}

/** Something that has the policy. */
export async function userOf(db: Knex, qosPolicyId: string): Promise<User | undefined> {
  for (const [kind, table] of [
    ['Port', 'ports'],
    ['Network', 'networks'],
  ] as const) {
    const row: { readonly id: string } | undefined = await db(table).where({ qosPolicyId }).first('id');
    if (row) return { kind, id: row.id };
  }
  return undefined;
}
