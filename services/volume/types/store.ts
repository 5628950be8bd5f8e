import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { typeAccess, typeColumns, type VolumeType } from './resource.ts';

export async function insertType(tx: Knex, type: VolumeType): Promise<void> {
  if (await tx('volumeTypes').where({ name: type.name }).first('id'))
    throw conflict(`Volume Type ${type.name} already exists.`);
  await tx('volumeTypes').insert(typeColumns.write(type));
}

export const ensureType = (tx: Knex, type: VolumeType) =>
  tx('volumeTypes').insert(typeColumns.write(type)).onConflict('name').ignore();

export const changeType = (tx: Knex, id: string, change: Partial<VolumeType>) =>
  tx('volumeTypes').where({ id }).update(typeColumns.write(change));

export async function removeType(tx: Knex, id: string): Promise<void> {
  await typeAccess.removeAll(tx, id);
  await tx('volumeTypes').where({ id }).delete();
}

export const readTypeNamed = (db: Knex, name: string): Promise<VolumeType | undefined> =>
  typeColumns.find(db('volumeTypes').where({ name }));

/** A private type is there for its projects and for admins. */
const visibleTo = (db: Knex, caller: Caller) => {
  const query = db('volumeTypes');
  if (!isAdmin(caller)) typeAccess.narrow(db, query, caller.projectId);
  return query;
};

export const listTypes = (db: Knex, caller: Caller): Promise<VolumeType[]> => typeColumns.list(visibleTo(db, caller));

export async function findType(db: Knex, caller: Caller, id: string): Promise<VolumeType> {
  const type = await typeColumns.find(visibleTo(db, caller).where({ id }));
  if (!type) throw notFound('Volume type', id);
  return type;
}

export async function findTypeByNameOrId(db: Knex, caller: Caller, word: string): Promise<VolumeType> {
  const types = await listTypes(db, caller);
  const type = types.find(({ id }) => id === word) ?? types.find(({ name }) => name === word);
  if (!type) throw notFound('Volume type with name', word);
  return type;
}

/** Names by id, for views: they show volumes of types the caller may not see, too. */
export const typeNames = async (db: Knex): Promise<ReadonlyMap<string, string>> =>
  new Map((await db('volumeTypes').select('id', 'name')).map(({ id, name }: VolumeType) => [id, name]));
