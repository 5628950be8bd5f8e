import type { Knex } from 'knex';

/** Aggregates by provider: of these providers, or of all. */
export async function aggregatesOf(db: Knex, providers?: readonly string[]): Promise<Map<string, string[]>> {
  const query = db('provider_aggregates').orderBy('aggregateUuid');
  if (providers) query.whereIn('providerUuid', providers);
  const rows: { providerUuid: string; aggregateUuid: string }[] = await query;
  const found = new Map<string, string[]>();
  for (const { providerUuid, aggregateUuid } of rows)
    found.set(providerUuid, [...(found.get(providerUuid) ?? []), aggregateUuid]);
  return found;
}

export async function replaceAggregates(tx: Knex, providerUuid: string, uuids: readonly string[]): Promise<void> {
  await tx('provider_aggregates').where({ providerUuid }).delete();
  const rows = [...new Set(uuids)].map((aggregateUuid) => ({ providerUuid, aggregateUuid }));
  if (rows.length > 0) await tx('provider_aggregates').insert(rows);
}
