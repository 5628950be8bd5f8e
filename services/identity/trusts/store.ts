import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

/** A trustor lets a trustee act in a project with some of the trustor's roles, as themselves or in the trustor's name. */
export interface TrustRow {
  readonly id: string;
  readonly trustorId: string;
  readonly trusteeId: string;
  readonly projectId: string | null;
  readonly impersonation: boolean;
  readonly expiresAt: number | null;
  readonly deletedAt: number | null;
  /** Null: as often as wanted. */
  readonly remainingUses: number | null;
  /** How often it may be passed on; 0: never. */
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

/** Those that one of some users gave or was given. */
export const listTrustsWith = (db: Knex, users: Knex.QueryBuilder): Promise<Pick<TrustRow, 'id' | 'projectId'>[]> =>
  db('trusts').whereIn('trustorId', users).orWhereIn('trusteeId', users).select('id', 'projectId');

/** Takes one use; false when none was left. */
export async function acquireUse(db: Knex, id: string): Promise<boolean> {
  return (await db('trusts').where({ id }).where('remainingUses', '>', 0).decrement('remainingUses', 1)) > 0;
}
