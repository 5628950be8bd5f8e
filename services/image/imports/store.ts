/** What was imported, for who asks afterwards. An import is over when its row is there. */
import type { Knex } from 'knex';

export interface Import {
  readonly id: string;
  readonly imageId: string;
  readonly owner: string | null;
  readonly userId: string;
  readonly requestId: string;
  /** JSON of what was asked for. */
  readonly wish: string;
  readonly createdAt: number;
}

export const insertImport = (tx: Knex, row: Import) => tx<Import>('image_imports').insert(row);

export const listImports = async (db: Knex, imageId: string): Promise<Import[]> =>
  db<Import>('image_imports').where({ imageId }).orderBy('createdAt', 'desc');
