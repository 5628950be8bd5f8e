import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { conflict } from '#shared/errors/fault.ts';
import { listPage, type PageRequest } from '../values.ts';
import { type Flavor, flavorAccess, flavorRows } from './resource.ts';

export async function insertFlavor(tx: Knex, flavor: Flavor): Promise<void> {
  const { id, name } = flavor;
  if (await flavorRows.find(tx, { id })) throw conflict(`Flavor with ID ${id} already exists.`);
  if (await flavorRows.find(tx, { name })) throw conflict(`Flavor with name ${name} already exists.`);
  await flavorRows.insert(tx, flavor);
}

/** Leaves public ones, and those that the project was let into. */
const visibleTo =
  (db: Knex, caller: Caller) =>
  (query: Query): Query => {
    if (!may(caller, 'context_is_admin')) flavorAccess.narrow(db, query, caller.projectId);
    return query;
  };

export const findFlavor = (db: Knex, caller: Caller, id: string): Promise<Flavor> =>
  flavorRows.get(db, id, visibleTo(db, caller));

export interface FlavorFilter extends PageRequest {
  /** Undefined: whatever the caller sees. */
  readonly isPublic: boolean | undefined;
  readonly minRamMb: number;
  readonly minDiskGb: number;
}

/** One page. Throws 400 when the caller sees no flavor that is the marker. */
export const listFlavors = (db: Knex, caller: Caller, filter: FlavorFilter): Promise<Flavor[]> => {
  const { isPublic, minRamMb, minDiskGb, ...page } = filter;
  const narrow = (query: Query) => {
    query.where('ramMb', '>=', minRamMb).where('diskGb', '>=', minDiskGb).where({ disabled: false });
    if (isPublic !== undefined) query.where({ isPublic });
  };
  return listPage(flavorRows.read, () => visibleTo(db, caller)(db('flavors')), page, narrow);
};

export const removeFlavor = async (tx: Knex, id: string): Promise<void> => {
  await flavorAccess.removeAll(tx, id);
  await flavorRows.remove(tx, { id });
};

export const countFlavors = async (db: Knex): Promise<number> => {
  const [row] = await db('flavors').count({ count: '*' });
  return Number(row?.count ?? 0);
};
