import type { Knex } from 'knex';

export interface Usage {
  readonly type: string | null;
  readonly resourceClass: string;
  readonly used: number;
}

interface ConsumerFilter {
  readonly projectId: string;
  readonly userId: string | undefined;
}

const consumersOf = (db: Knex, { projectId, userId }: ConsumerFilter) =>
  db('consumers').where(userId === undefined ? { projectId } : { projectId, userId });

/** Allocated amounts of a project (and user), by consumer type. */
export const listUsages = async (db: Knex, filter: ConsumerFilter): Promise<Usage[]> =>
  consumersOf(db, filter)
    .join('allocations', 'allocations.consumerUuid', 'consumers.uuid')
    .groupBy('consumers.type', 'allocations.resourceClass')
    .orderBy('allocations.resourceClass')
    .select('consumers.type', 'allocations.resourceClass')
    .sum('allocations.used as used');

/** Number of consumers by type. */
export async function countConsumers(db: Knex, filter: ConsumerFilter): Promise<Map<string | null, number>> {
  const rows: { type: string | null; many: number }[] = await consumersOf(db, filter)
    .groupBy('type')
    .select('type')
    .count('* as many');
  return new Map(rows.map(({ type, many }) => [type, many]));
}
