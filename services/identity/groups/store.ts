import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyFilters, type Filters, upTo } from '#shared/db/filters.ts';
import { conflict } from '#shared/errors/fault.ts';

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly description: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

type Ids = string[] | Knex.QueryBuilder;

const columns = { id: 'id', name: { name: 'name', lowered: 'nameLower' }, domain_id: 'domainId' };

const toRow = <T extends Partial<Group>>({ name, extra, ...rest }: T) => ({
  ...rest,
  ...(name === undefined ? {} : { name, nameLower: name.toLowerCase() }),
  ...(extra === undefined ? {} : { extra: JSON.stringify(extra) }),
});
const fromRow = ({ nameLower: _, extra, ...row }: Record<string, unknown>): Group =>
  ({ ...row, extra: JSON.parse(String(extra)) }) as Group;

export async function insertGroup(tx: Knex, group: Group): Promise<void> {
  await refuseDuplicate(tx, group);
  await onDuplicate(tx('groups').insert(toRow(group)), () => duplicateOf(group));
}

const duplicateOf = ({ name, domainId }: Pick<Group, 'name' | 'domainId'>) =>
  conflict(
    `Conflict occurred attempting to store group - Duplicate entry found with name ${name} at domain ID ${domainId}.`,
  );

export async function refuseDuplicate(
  tx: Knex,
  { id, domainId, name }: Pick<Group, 'id' | 'domainId' | 'name'>,
): Promise<void> {
  const duplicate = await tx('groups').where({ domainId, nameLower: name.toLowerCase() }).whereNot({ id }).first('id');
  if (duplicate) throw duplicateOf({ name, domainId });
}

export async function findGroup(db: Knex, id: string): Promise<Group | undefined> {
  const row = await db('groups').where({ id }).first();
  return row ? fromRow(row) : undefined;
}

export async function findGroupNamed(db: Knex, domainId: string, name: string): Promise<Group | undefined> {
  const row = await db('groups').where({ domainId, nameLower: name.toLowerCase() }).first();
  return row ? fromRow(row) : undefined;
}

export async function listGroups(db: Knex, filters: Filters, max = Number.POSITIVE_INFINITY): Promise<Group[]> {
  const rows = await upTo(applyFilters(db('groups'), filters, columns).orderBy('id'), max);
  return (rows as Record<string, unknown>[]).map(fromRow);
}

export const updateGroup = (tx: Knex, id: string, change: Partial<Group>) =>
  tx('groups').where({ id }).update(toRow(change));

/** With memberships and assignments, for groups of our own tables and of LDAP directories. */
export async function removeGroups(tx: Knex, ids: Ids): Promise<void> {
  await tx('groups').whereIn('id', ids).delete();
  await tx('memberships').whereIn('groupId', ids).delete();
  await tx('assignments').where({ actorKind: 'group' }).whereIn('actorId', ids).delete();
}

export const isMember = async (db: Knex, groupId: string, userId: string): Promise<boolean> =>
  (await db('memberships').where({ groupId, userId }).first('userId')) !== undefined;

export async function ensureMember(tx: Knex, groupId: string, userId: string): Promise<void> {
  await tx('memberships').insert({ groupId, userId }).onConflict(['groupId', 'userId']).ignore();
}

export const removeMember = (tx: Knex, groupId: string, userId: string): Promise<number> =>
  tx('memberships').where({ groupId, userId }).delete();

export const listMemberIds = (db: Knex, groupId: string): Promise<string[]> =>
  db('memberships').where({ groupId }).pluck('userId');

export async function listGroupsOf(db: Knex, userId: string): Promise<Group[]> {
  const ids = await db('memberships').where({ userId }).pluck('groupId');
  return (await db('groups').whereIn('id', ids).orderBy('id')).map(fromRow);
}
