import type { Knex } from 'knex';
import { type Role, role } from './resource.ts';

export const listAllRoles = async (db: Knex): Promise<Role[]> =>
  (await role.rows.list(db)).toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Ordered by name. */
export const listRolesIn = async (db: Knex, ids: readonly string[]): Promise<Role[]> => {
  const found = await role.rows.list(db, { narrow: (query) => query.whereIn('id', ids as string[]) });
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
};

export async function removeRole(tx: Knex, id: string): Promise<void> {
  await role.rows.remove(tx, { id });
  await tx('assignments').where({ roleId: id }).delete();
  await tx('implied_roles').where({ priorId: id }).orWhere({ impliedId: id }).delete();
}

export interface Implication {
  readonly priorId: string;
  readonly impliedId: string;
}

export const listImplications = (db: Knex, filter: Partial<Implication> = {}): Promise<Implication[]> =>
  db<Implication>('implied_roles')
    .where({ ...filter })
    .select('priorId', 'impliedId');

export async function ensureImplication(tx: Knex, implication: Implication): Promise<void> {
  await tx('implied_roles').insert(implication).onConflict(['priorId', 'impliedId']).ignore();
}

export const removeImplication = (tx: Knex, implication: Implication): Promise<number> =>
  tx('implied_roles')
    .where({ ...implication })
    .delete();
