import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { typeAccess, typeRows, type VolumeType } from './resource.ts';

export async function insertType(tx: Knex, type: VolumeType): Promise<void> {
  if (await readTypeNamed(tx, type.name)) throw conflict(`Volume Type ${type.name} already exists.`);
  await typeRows.insert(tx, type);
}

export async function ensureType(tx: Knex, type: VolumeType): Promise<void> {
  if (!(await readTypeNamed(tx, type.name))) await typeRows.insert(tx, type);
}

export async function removeType(tx: Knex, id: string): Promise<void> {
  await typeAccess.removeAll(tx, id);
  await typeRows.remove(tx, { id });
}

export const readTypeNamed = (db: Knex, name: string): Promise<VolumeType | undefined> => typeRows.find(db, { name });

/** A private type is there for its projects and for admins. */
export const visibleTo =
  (db: Knex, caller: Caller) =>
  (query: Query): void => {
    if (!may(caller, 'context_is_admin')) typeAccess.narrow(db, query, caller.projectId);
  };

export const findType = (db: Knex, caller: Caller, id: string): Promise<VolumeType> =>
  typeRows.get(db, id, visibleTo(db, caller));

export async function findTypeByNameOrId(db: Knex, caller: Caller, word: string): Promise<VolumeType> {
  const found = (await typeRows.find(db, { id: word })) ?? (await readTypeNamed(db, word));
  if (!found) throw notFound('Volume type with name', word);
  return typeRows.get(db, found.id, visibleTo(db, caller)).catch(() => {
    throw notFound('Volume type with name', word);
  });
}

/** Names by id, for views: they show volumes of types the caller may not see, too. */
export const typeNames = async (db: Knex): Promise<ReadonlyMap<string, string>> =>
  new Map((await db('volumeTypes').select('id', 'name')).map(({ id, name }: VolumeType) => [id, name]));
