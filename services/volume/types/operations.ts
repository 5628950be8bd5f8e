import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { cloudDefault, isDefaultType } from '../default-types/store.ts';
import { typeEncryptionRows } from '../type-encryption/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import { type NewType, type TypeChange, typeRows, type VolumeType } from './resource.ts';
import { insertType, readTypeNamed, removeType } from './store.ts';

export async function createType({ db }: Volumes, input: NewType): Promise<VolumeType> {
  const type = { ...input, id: randomUUID(), name: nameOf(input.name ?? ''), qosSpecsId: null, createdAt: Date.now() };
  await db.transaction((tx) => insertType(tx, type));
  return type;
}

export async function updateType({ db }: Volumes, type: VolumeType, input: TypeChange): Promise<VolumeType> {
  if (Object.keys(input).length === 0)
    throw badRequest('Specify volume type name, description, is_public or a combination thereof.');
  const change = input.name === undefined ? input : { ...input, name: nameOf(input.name) };
  const other = change.name === undefined ? undefined : await readTypeNamed(db, change.name);
  if (other && other.id !== type.id) throw conflict(`Volume Type ${change.name} already exists.`);
  await typeRows.update(db, { id: type.id }, change);
  return { ...type, ...change };
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name === '') throw badRequest('Volume type name can not be empty.');
  return name;
}

export async function deleteType({ db }: Volumes, { id, name }: VolumeType): Promise<void> {
  const isDefault = () => badRequest(`The volume type ${id} is a default volume type and cannot be deleted.`);
  if (name === cloudDefault) throw isDefault();
  await db.transaction(async (tx) => {
    if (await isDefaultType(tx, id)) throw isDefault();
    if (await volumeRows.find(tx, { typeId: id })) throw badRequest('Target volume type is still in use.');
    await typeEncryptionRows.remove(tx, { typeId: id });
    await removeType(tx, id);
  });
}
