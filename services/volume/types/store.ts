import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isPublic: boolean;
  readonly extraSpecs: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

const toRow = (type: Partial<VolumeType>): Record<string, unknown> => ({
  ...type,
  ...(type.extraSpecs === undefined ? {} : { extraSpecs: JSON.stringify(type.extraSpecs) }),
});

const fromRow = (row: Record<string, unknown>): VolumeType =>
  ({
    ...row,
    extraSpecs: JSON.parse(String(row.extraSpecs)),
    createdAt: Number(row.createdAt),
  }) as unknown as VolumeType;

export async function insertType(tx: Knex, type: VolumeType): Promise<void> {
  if (await tx('volumeTypes').where({ name: type.name }).first('id'))
    throw conflict(`Volume Type ${type.name} already exists.`);
  await tx('volumeTypes').insert(toRow(type));
}

export const ensureType = (tx: Knex, type: VolumeType) =>
  tx('volumeTypes').insert(toRow(type)).onConflict('name').ignore();

export const changeType = (tx: Knex, id: string, change: Partial<VolumeType>) =>
  tx('volumeTypes').where({ id }).update(toRow(change));

export async function removeType(tx: Knex, id: string): Promise<void> {
  await tx('volumeTypeAccess').where({ typeId: id }).delete();
  await tx('volumeTypes').where({ id }).delete();
}

export async function readTypeNamed(db: Knex, name: string): Promise<VolumeType | undefined> {
  const row = await db('volumeTypes').where({ name }).first();
  return row ? fromRow(row) : undefined;
}

/** A private type is there for its projects and for admins. */
export async function findType(db: Knex, caller: Caller, id: string): Promise<VolumeType> {
  const type = (await listTypes(db, caller)).find((each) => each.id === id);
  if (!type) throw notFound('Volume type', id);
  return type;
}

export async function findTypeByNameOrId(db: Knex, caller: Caller, word: string): Promise<VolumeType> {
  const types = await listTypes(db, caller);
  const type = types.find(({ id }) => id === word) ?? types.find(({ name }) => name === word);
  if (!type) throw notFound('Volume type with name', word);
  return type;
}

export async function listTypes(db: Knex, caller: Caller): Promise<VolumeType[]> {
  const [rows, granted] = [
    await db('volumeTypes'),
    await db('volumeTypeAccess').where({ projectId: caller.projectId ?? '' }),
  ];
  const mine = new Set(granted.map(({ typeId }: { typeId: string }) => typeId));
  return rows.map(fromRow).filter(({ id, isPublic }: VolumeType) => isPublic || isAdmin(caller) || mine.has(id));
}

/** Names by id, for views: they show volumes of types the caller may not see, too. */
export const typeNames = async (db: Knex): Promise<ReadonlyMap<string, string>> =>
  new Map((await db('volumeTypes').select('id', 'name')).map(({ id, name }: VolumeType) => [id, name]));

export const listAccess = async (db: Knex, typeId: string): Promise<string[]> =>
  (await db('volumeTypeAccess').where({ typeId })).map(({ projectId }: { projectId: string }) => projectId);

export const addAccess = (tx: Knex, typeId: string, projectId: string) =>
  tx('volumeTypeAccess').insert({ typeId, projectId });

export const removeAccess = (tx: Knex, typeId: string, projectId: string) =>
  tx('volumeTypeAccess').where({ typeId, projectId }).delete();
