import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { listPage, type PageRequest } from '../values.ts';
import { type Flavor, flavorAccess, flavorColumns } from './resource.ts';

export async function insertFlavor(tx: Knex, flavor: Flavor): Promise<void> {
  if (await tx('flavors').where({ id: flavor.id }).first('id'))
    throw conflict(`Flavor with ID ${flavor.id} already exists.`);
  if (await tx('flavors').where({ name: flavor.name }).first('id'))
    throw conflict(`Flavor with name ${flavor.name} already exists.`);
  await tx('flavors').insert(flavorColumns.write(flavor));
}

/** Public ones, and those that the project was let into. */
const visibleTo = (db: Knex, caller: Caller) => {
  const query = db('flavors');
  if (!may(caller, 'context_is_admin')) flavorAccess.narrow(db, query, caller.projectId);
  return query;
};

export async function findFlavor(db: Knex, caller: Caller, id: string): Promise<Flavor> {
  const flavor = await flavorColumns.find(visibleTo(db, caller).where({ id }));
  if (!flavor) throw notFound('Flavor', id);
  return flavor;
}

export interface FlavorFilter extends PageRequest {
  /** Undefined: whatever the caller sees. */
  readonly isPublic: boolean | undefined;
  readonly minRamMb: number;
  readonly minDiskGb: number;
}

/** One page. Throws 400 when the caller sees no flavor that is the marker. */
export const listFlavors = (db: Knex, caller: Caller, filter: FlavorFilter): Promise<Flavor[]> => {
  const { isPublic, minRamMb, minDiskGb, ...page } = filter;
  return listPage(
    flavorColumns,
    () => visibleTo(db, caller),
    page,
    (query) => {
      query.where('ramMb', '>=', minRamMb).where('diskGb', '>=', minDiskGb).where({ disabled: false });
      if (isPublic !== undefined) query.where({ isPublic });
    },
  );
};

export const changeFlavor = async (tx: Knex, id: string, change: Partial<Flavor>): Promise<void> => {
  await tx('flavors')
    .where({ id })
    .update({ ...flavorColumns.write(change), updatedAt: Date.now() });
};

export const removeFlavor = async (tx: Knex, id: string): Promise<void> => {
  await flavorAccess.removeAll(tx, id);
  await tx('flavors').where({ id }).delete();
};

export const countFlavors = async (db: Knex): Promise<number> => {
  const [row] = await db('flavors').count({ count: '*' });
  return Number(row?.count ?? 0);
};
