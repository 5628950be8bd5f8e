import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { typeRows } from '../types/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import {
  type NewTypeEncryption,
  notEncrypted,
  type TypeEncryption,
  type TypeEncryptionChange,
  typeEncryptionRows,
} from './resource.ts';

/** Throws 400 while there are volumes of the type: they have the encryption that they were created with. */
async function lockUnused(tx: Knex, typeId: string, verb: string): Promise<TypeEncryption | undefined> {
  await typeRows.lock(tx, typeId);
  if (await volumeRows.find(tx, { typeId })) throw badRequest(`Cannot ${verb} encryption specs. Volume type in use.`);
  return typeEncryptionRows.find(tx, { typeId });
}

export const createTypeEncryption = (
  { db }: Volumes,
  typeId: string,
  input: NewTypeEncryption,
): Promise<TypeEncryption> =>
  db.transaction(async (tx) => {
    if (await lockUnused(tx, typeId, 'create'))
      throw badRequest(`Volume type encryption for type ${typeId} already exists.`);
    const row: TypeEncryption = { ...input, typeId, id: randomUUID(), createdAt: Date.now(), updatedAt: null };
    await typeEncryptionRows.insert(tx, row);
    return row;
  });

export const updateTypeEncryption = ({ db }: Volumes, typeId: string, change: TypeEncryptionChange): Promise<void> =>
  db.transaction(async (tx) => {
    if (!(await lockUnused(tx, typeId, 'update'))) throw notEncrypted(typeId);
    await typeEncryptionRows.update(tx, { typeId }, change);
  });

export const deleteTypeEncryption = ({ db }: Volumes, typeId: string): Promise<void> =>
  db.transaction(async (tx) => {
    if (!(await lockUnused(tx, typeId, 'delete'))) throw notEncrypted(typeId);
    await typeEncryptionRows.remove(tx, { typeId });
  });
