import type { Knex } from 'knex';

interface SeededRow {
  readonly endpointId: string;
  readonly url: string;
}

/** The URLs written by starts, by endpoint id. */
export async function listSeeded(db: Knex): Promise<ReadonlyMap<string, string>> {
  const rows = await db<SeededRow>('seeded_endpoints').select('endpointId', 'url');
  return new Map(rows.map(({ endpointId, url }) => [endpointId, url]));
}

export async function recordSeeded(tx: Knex, endpointId: string, url: string): Promise<void> {
  if ((await tx<SeededRow>('seeded_endpoints').where({ endpointId }).update({ url })) > 0) return;
  await tx<SeededRow>('seeded_endpoints').insert({ endpointId, url });
}
