import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyFilters, type Filters, upTo } from '#shared/db/filters.ts';
import { conflict } from '#shared/errors/fault.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
  readonly defaultProjectId: string | null;
  /** argon2id, or the hash of an imported user until the first login; null for a user who cannot log in by password. */
  readonly passwordHash: string | null;
  readonly passwordExpiresAt: number | null;
  /** Consecutive wrong passwords, and the time of the last one. */
  readonly wrongTries: number;
  readonly wrongAt: number | null;
  /** When the password was set, and whether the user must change it before the first login. */
  readonly passwordAt: number | null;
  readonly mustChange: boolean;
  /** The last recorded login. */
  readonly activeAt: number | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A user with defaults for all but the name. */
export const newUser = (id: string, name: string, domainId: string): User => ({
  id,
  name,
  domainId,
  enabled: true,
  defaultProjectId: null,
  passwordHash: null,
  passwordExpiresAt: null,
  wrongTries: 0,
  wrongAt: null,
  passwordAt: null,
  mustChange: false,
  activeAt: null,
  options: {},
  extra: {},
});

const columns = {
  id: 'id',
  name: { name: 'name', lowered: 'nameLower' },
  domain_id: 'domainId',
  enabled: { flag: 'enabled' },
  password_expires_at: { timestamp: 'passwordExpiresAt' },
} as const;
/** Filters by federated identity. */
const federatedColumns = { idp_id: 'idpId', protocol_id: 'protocolId', unique_id: 'uniqueId' };

const toRow = <T extends Partial<User>>({ name, options, extra, ...rest }: T) => ({
  ...rest,
  ...(name === undefined ? {} : { name, nameLower: name.toLowerCase() }),
  ...(options === undefined ? {} : { options: JSON.stringify(options) }),
  ...(extra === undefined ? {} : { extra: JSON.stringify(extra) }),
});
const fromRow = ({ nameLower: _, options, extra, ...row }: Record<string, unknown>): User =>
  ({ ...row, options: JSON.parse(String(options)), extra: JSON.parse(String(extra)) }) as User;

export async function insertUser(tx: Knex, user: User): Promise<void> {
  await refuseDuplicate(tx, user);
  await onDuplicate(tx('users').insert(toRow(user)), () => duplicateOf(user));
}

const duplicateOf = ({ name, domainId }: Pick<User, 'name' | 'domainId'>) =>
  conflict(
    `Conflict occurred attempting to store user - Duplicate entry found with name ${name} at domain ID ${domainId}.`,
  );

export async function refuseDuplicate(
  tx: Knex,
  { id, domainId, name }: Pick<User, 'id' | 'domainId' | 'name'>,
): Promise<void> {
  const duplicate = await tx('users').where({ domainId, nameLower: name.toLowerCase() }).whereNot({ id }).first('id');
  if (duplicate) throw duplicateOf({ name, domainId });
}

export async function findUser(
  db: Knex,
  where: { id: string } | { domainId: string; nameLower: string },
): Promise<User | undefined> {
  const row = await db('users').where(where).first();
  return row ? fromRow(row) : undefined;
}

export async function listUsers(db: Knex, filters: Filters, max = Number.POSITIVE_INFINITY): Promise<User[]> {
  const rows = await upTo(filtered(db, db('users'), filters).orderBy('id'), max);
  return (rows as Record<string, unknown>[]).map(fromRow);
}

/** The users with these ids that match the filters. */
export async function listUsersOf(db: Knex, ids: readonly string[], filters: Filters): Promise<User[]> {
  const these = db('users').whereIn('id', ids as string[]);
  return ((await filtered(db, these, filters).orderBy('id')) as Record<string, unknown>[]).map(fromRow);
}

function filtered(db: Knex, users: Knex.QueryBuilder, filters: Filters): Knex.QueryBuilder {
  const query = applyFilters(users, filters, columns);
  if (!Object.keys(federatedColumns).some((key) => key in filters)) return query;
  return query.whereIn('id', applyFilters(db('federated_users').select('userId'), filters, federatedColumns));
}

export const updateUser = (tx: Knex, id: string, change: Partial<User>) =>
  tx('users').where({ id }).update(toRow(change));

/** Replaces the hash of the same password; does nothing when the password has changed. */
export const replaceHash = (db: Knex, { id, passwordHash: before }: User, passwordHash: string) =>
  db('users').where({ id, passwordHash: before }).update({ passwordHash });

/** With all that belongs to them, for users of our own tables and of LDAP directories. */
export async function removeUsers(tx: Knex, ids: string[] | Knex.QueryBuilder): Promise<void> {
  await tx('users').whereIn('id', ids).delete();
  await tx('memberships').whereIn('userId', ids).delete();
  await tx('assignments').where({ actorKind: 'user' }).whereIn('actorId', ids).delete();
  await tx('password_history').whereIn('userId', ids).delete();
  await tx('federated_users').whereIn('userId', ids).delete();
  await tx('application_credentials').whereIn('userId', ids).delete();
  await tx('access_rules').whereIn('userId', ids).delete();
  await tx('oauth_request_tokens').whereIn('userId', ids).delete();
  await tx('oauth_access_tokens').whereIn('userId', ids).delete();
  await tx('credentials').whereIn('userId', ids).delete();
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
