import type { Knex } from 'knex';
import { applyFilters, type Filters } from '../filters/store.ts';
import type { Query } from '../resources/store.ts';
import { type User, user } from './resource.ts';

/** Filters by federated identity. */
const federatedColumns = { idp_id: 'idpId', protocol_id: 'protocolId', unique_id: 'uniqueId' };

function byIdentity(db: Knex, filters: Filters) {
  if (!Object.keys(federatedColumns).some((key) => key in filters)) return () => undefined;
  const ids = applyFilters(db('federated_users').select('userId'), filters, federatedColumns);
  return (query: Query) => query.whereIn('id', ids);
}

export const findUser = (db: Knex, where: Partial<User>): Promise<User | undefined> => user.rows.find(db, where);

export const listUsers = (db: Knex, filters: Filters, max?: number): Promise<User[]> =>
  user.rows.list(db, { filters, narrow: byIdentity(db, filters), ...(max === undefined ? {} : { max }) });

/** The users of a group that match the filters. */
export const listMembers = (db: Knex, groupId: string, filters: Filters): Promise<User[]> => {
  const members = db('memberships').where({ groupId }).select('userId');
  const narrow = (query: Query) => byIdentity(db, filters)(query.whereIn('id', members));
  return user.rows.list(db, { filters, narrow });
};

export const userIdsOf = (db: Knex, domainId: string): Promise<string[]> => db('users').where({ domainId }).pluck('id');

/** Replaces the hash of the same password; does nothing when the password has changed. */
export const replaceHash = (db: Knex, { id, passwordHash: before }: User, passwordHash: string) =>
  db('users').where({ id, passwordHash: before }).update({ passwordHash });

const tablesOfUser = [
  'memberships',
  'password_history',
  'federated_users',
  'application_credentials',
  'access_rules',
  'oauth_request_tokens',
  'oauth_access_tokens',
  'credentials',
];

/** With all that belongs to them, for users of our own tables and of LDAP directories. */
export async function removeUsers(tx: Knex, ids: string[] | Query): Promise<void> {
  await tx('users').whereIn('id', ids).delete();
  for (const table of tablesOfUser) await tx(table).whereIn('userId', ids).delete();
  await tx('assignments').where({ actorKind: 'user' }).whereIn('actorId', ids).delete();
  await tx('trusts').whereIn('trustorId', ids).orWhereIn('trusteeId', ids).update({ deletedAt: Date.now() });
}

/** Newest first. */
export const listOldPasswords = (db: Knex, userId: string, count: number): Promise<string[]> =>
  db('password_history').where({ userId }).orderBy('sequence', 'desc').limit(count).pluck('hash');

/** Deletes the oldest entries beyond `keep`. */
export async function insertOldPassword(tx: Knex, userId: string, hash: string, keep: number): Promise<void> {
  await tx('password_history').insert({ userId, hash, madeAt: Date.now() });
  const kept = await tx('password_history').where({ userId }).orderBy('sequence', 'desc').limit(keep).pluck('sequence');
  await tx('password_history').where({ userId }).whereNotIn('sequence', kept).delete();
}

export const countWrongTry = (db: Knex, id: string, now: number) =>
  db('users')
    .where({ id })
    .update({ wrongAt: now, wrongTries: db.raw('wrong_tries + 1') });
