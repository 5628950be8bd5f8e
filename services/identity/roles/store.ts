import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyFilters, type Filters } from '#shared/db/filters.ts';
import { conflict } from '#shared/errors/fault.ts';
import { couldNotFind } from '../projects/store.ts';

export interface Role {
  readonly id: string;
  readonly name: string;
  /** Null for a role that belongs to no domain. */
  readonly domainId: string | null;
  readonly description: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly extra: Readonly<Record<string, unknown>>;
}

const columns = { id: 'id', name: { name: 'name', lowered: 'nameLower' }, domain_id: 'domainKey' };

const toRow = <T extends Partial<Role>>({ name, domainId, options, extra, ...rest }: T) => ({
  ...rest,
  ...(name === undefined ? {} : { name, nameLower: name.toLowerCase() }),
  ...(domainId === undefined ? {} : { domainKey: domainId ?? '' }),
  ...(options === undefined ? {} : { options: JSON.stringify(options) }),
  ...(extra === undefined ? {} : { extra: JSON.stringify(extra) }),
});
const fromRow = ({ nameLower: _, domainKey, options, extra, ...row }: Record<string, unknown>): Role =>
  ({
    ...row,
    domainId: domainKey || null,
    options: JSON.parse(String(options)),
    extra: JSON.parse(String(extra)),
  }) as Role;

export async function insertRole(tx: Knex, role: Role): Promise<void> {
  await refuseDuplicate(tx, role);
  await onDuplicate(tx('roles').insert(toRow(role)), () => duplicateOf(role.name));
}

const duplicateOf = (name: string) =>
  conflict(`Conflict occurred attempting to store role - Duplicate entry found with name ${name}.`);

export async function refuseDuplicate(
  tx: Knex,
  { id, domainId, name }: Pick<Role, 'id' | 'domainId' | 'name'>,
): Promise<void> {
  const duplicate = await tx('roles')
    .where({ domainKey: domainId ?? '', nameLower: name.toLowerCase() })
    .whereNot({ id })
    .first('id');
  if (duplicate) throw duplicateOf(name);
}

export async function getRole(db: Knex, id: string): Promise<Role> {
  const row = await db('roles').where({ id }).first();
  if (!row) throw couldNotFind('role', id);
  return fromRow(row);
}

export async function findRole(db: Knex, id: string): Promise<Role | undefined> {
  const row = await db('roles').where({ id }).first();
  return row ? fromRow(row) : undefined;
}

/** Without `domain_id`, the roles that belong to no domain. */
export async function listRoles(db: Knex, filters: Filters): Promise<Role[]> {
  const rows = await applyFilters(db('roles'), { domain_id: [''], ...filters }, columns).orderBy('id');
  return (rows as Record<string, unknown>[]).map(fromRow);
}

export async function listAllRoles(db: Knex): Promise<Role[]> {
  return (await db('roles').orderBy('name')).map(fromRow);
}

export const updateRole = (tx: Knex, id: string, change: Partial<Role>) =>
  tx('roles').where({ id }).update(toRow(change));

export async function removeRole(tx: Knex, id: string): Promise<void> {
  await tx('roles').where({ id }).delete();
  await tx('assignments').where({ roleId: id }).delete();
  await tx('implied_roles').where({ priorId: id }).orWhere({ impliedId: id }).delete();
}

export interface Implication {
  readonly priorId: string;
  readonly impliedId: string;
}

export const listImplications = (db: Knex): Promise<Implication[]> =>
  db<Implication>('implied_roles').select('priorId', 'impliedId');

export async function ensureImplication(tx: Knex, implication: Implication): Promise<void> {
  await tx('implied_roles').insert(implication).onConflict(['priorId', 'impliedId']).ignore();
}

export const removeImplication = (tx: Knex, implication: Implication): Promise<number> =>
  tx('implied_roles')
    .where({ ...implication })
    .delete();
