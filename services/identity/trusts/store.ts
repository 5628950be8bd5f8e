import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

/** A trust: a trustee acts in a project with some roles of the trustor, as themselves or as the trustor. */
export interface TrustRow {
  readonly id: string;
  readonly trustorId: string;
  readonly trusteeId: string;
  readonly projectId: string | null;
  readonly impersonation: boolean;
  readonly expiresAt: number | null;
  readonly deletedAt: number | null;
  /** Null: unlimited. */
  readonly remainingUses: number | null;
  /** How often it may be redelegated; 0: never. */
  readonly redelegationCount: number;
  readonly redelegatedFrom: string | null;
  readonly roleIds: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
}

export const trusts = recordsOf<TrustRow>({
  table: 'trusts',
  what: 'trust',
  json: ['roleIds', 'extra'],
  filters: { trustor_user_id: 'trustorId', trustee_user_id: 'trusteeId' },
});

/** Trusts whose trustor or trustee is one of the users. */
export const listTrustsWith = (db: Knex, users: Knex.QueryBuilder): Promise<Pick<TrustRow, 'id' | 'projectId'>[]> =>
  db('trusts').whereIn('trustorId', users).orWhereIn('trusteeId', users).select('id', 'projectId');

/** Decrements the remaining uses; false when none is left. */
export async function acquireUse(db: Knex, id: string): Promise<boolean> {
  return (await db('trusts').where({ id }).where('remainingUses', '>', 0).decrement('remainingUses', 1)) > 0;
}
