/** The history of imports. A row is inserted when its import is complete. */
import type { Knex } from 'knex';

export interface Import {
  readonly id: string;
  readonly imageId: string;
  readonly owner: string | null;
  readonly userId: string;
  readonly requestId: string;
  /** The request body as JSON. */
  readonly wish: string;
  readonly createdAt: number;
}

export const insertImport = (tx: Knex, row: Import) => tx<Import>('image_imports').insert(row);

export const listImports = async (db: Knex, imageId: string): Promise<Import[]> =>
  db<Import>('image_imports').where({ imageId }).orderBy('createdAt', 'desc');
