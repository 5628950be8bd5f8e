/** The volume type of a project's volumes that name none. */
import type { Knex } from 'knex';
import { typeRows, type VolumeType } from '../types/resource.ts';
import { readTypeNamed } from '../types/store.ts';

export const cloudDefault = '__DEFAULT__';

export interface DefaultType {
  readonly projectId: string;
  readonly typeId: string;
}

export const listDefaultTypes = (db: Knex): Promise<DefaultType[]> =>
  db<DefaultType>('defaultTypes').orderBy('projectId').select('projectId', 'typeId');

export const findDefaultType = (db: Knex, projectId: string): Promise<DefaultType | undefined> =>
  db<DefaultType>('defaultTypes').where({ projectId }).first('projectId', 'typeId');

export async function setDefaultType(db: Knex, row: DefaultType): Promise<void> {
  await db<DefaultType>('defaultTypes').insert(row).onConflict('projectId').merge(['typeId']);
}

/** False when the project had none. */
export const unsetDefaultType = async (db: Knex, projectId: string): Promise<boolean> =>
  (await db<DefaultType>('defaultTypes').where({ projectId }).delete()) > 0;

export const isDefaultType = async (db: Knex, typeId: string): Promise<boolean> =>
  (await db<DefaultType>('defaultTypes').where({ typeId }).first('projectId')) !== undefined;

/** That of the project, else that of the cloud. */
export async function defaultTypeOf(db: Knex, projectId: string): Promise<VolumeType | undefined> {
  const own = await findDefaultType(db, projectId);
  const found = own && (await typeRows.find(db, { id: own.typeId }));
  return found ?? readTypeNamed(db, cloudDefault);
}
