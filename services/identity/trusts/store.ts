import type { Knex } from 'knex';
import type { Filters } from '../filters/store.ts';
import type { Query } from '../resources/store.ts';
import { type Trust, trust } from './resource.ts';

/** Deleted, expired and used-up trusts are not listed. */
export const listValidTrusts = (db: Knex, filters: Filters): Promise<Trust[]> =>
  trust.rows.list(db, {
    filters,
    narrow: (query) =>
      query
        .whereNull('deletedAt')
        .where((open: Query) => open.whereNull('expiresAt').orWhere('expiresAt', '>', Date.now()))
        .where((open: Query) => open.whereNull('remainingUses').orWhereNot('remainingUses', 0)),
  });

/** Trusts whose trustor or trustee is one of the users. */
export const listTrustsWith = (db: Knex, users: Query): Promise<Pick<Trust, 'id' | 'projectId'>[]> =>
  db('trusts').whereIn('trustorId', users).orWhereIn('trusteeId', users).select('id', 'projectId');

/** Decrements the remaining uses; false when none is left. */
export async function acquireUse(db: Knex, id: string): Promise<boolean> {
  return (await db('trusts').where({ id }).where('remainingUses', '>', 0).decrement('remainingUses', 1)) > 0;
}
