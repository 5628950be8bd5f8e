import type { Knex } from 'knex';

export interface Usage {
  readonly type: string | null;
  readonly resourceClass: string;
  readonly used: number;
}

interface Whose {
  readonly projectId: string;
  readonly userId: string | undefined;
}

const ofWhom = (db: Knex, { projectId, userId }: Whose) =>
  db('consumers').where(userId === undefined ? { projectId } : { projectId, userId });

/** What consumers of a project (and user) have, by their type. */
export const listUsages = async (db: Knex, whose: Whose): Promise<Usage[]> =>
  ofWhom(db, whose)
    .join('allocations', 'allocations.consumerUuid', 'consumers.uuid')
    .groupBy('consumers.type', 'allocations.resourceClass')
    .orderBy('allocations.resourceClass')
    .select('consumers.type', 'allocations.resourceClass')
    .sum('allocations.used as used');

/** How many there are of each type. */
export async function countConsumers(db: Knex, whose: Whose): Promise<Map<string | null, number>> {
  const rows: { type: string | null; many: number }[] = await ofWhom(db, whose)
    .groupBy('type')
    .select('type')
    .count('* as many');
  return new Map(rows.map(({ type, many }) => [type, many]));
}
