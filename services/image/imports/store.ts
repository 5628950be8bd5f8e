/** The history of imports, which clients see as tasks. */
import type { Knex } from 'knex';
import { applyPage } from '#shared/db/page.ts';
import { Fault } from '#shared/errors/fault.ts';

export interface Import {
  readonly id: string;
  readonly imageId: string;
  readonly owner: string | null;
  readonly userId: string;
  readonly requestId: string;
  /** The request body as JSON. */
  readonly wish: string;
  /** JSON list of the stores; null in rows of earlier versions. */
  readonly stores: string | null;
  readonly createdAt: number;
  /** Null in rows of earlier versions, whose imports were complete. */
  readonly status: 'processing' | 'success' | 'failure' | null;
  readonly message: string | null;
  readonly updatedAt: number | null;
}

export const insertImport = (tx: Knex, row: Import) => tx<Import>('image_imports').insert(row);

export const listImports = async (db: Knex, imageId: string): Promise<Import[]> =>
  db<Import>('image_imports').where({ imageId }).orderBy('createdAt', 'desc');

export async function listAllImports(db: Knex, limit: number, marker: string | undefined): Promise<Import[]> {
  const query: Knex.QueryBuilder = db<Import>('image_imports');
  const after = marker === undefined ? undefined : { ...(await getImport(db, marker)) };
  const sorts = ['createdAt', 'id'].map((column) => ({ column, descending: true, notNull: true }));
  applyPage(query, { sorts, limit, ...(after && { after }) });
  return (await query) as Import[];
}

export async function getImport(db: Knex, id: string): Promise<Import> {
  const row = await db<Import>('image_imports').where({ id }).first();
  if (!row) throw new Fault(404, 'notFound', `Task not found: ${id}.`);
  return row as Import;
}

export const endImport = (db: Knex, id: string, status: 'success' | 'failure', message = '') =>
  db<Import>('image_imports').where({ id, status: 'processing' }).update({ status, message, updatedAt: Date.now() });

/** Imports of an image whose process has died. */
export const failImports = (db: Knex, imageId: string) =>
  db<Import>('image_imports')
    .where({ imageId, status: 'processing' })
    .update({ status: 'failure', message: 'The import was interrupted.', updatedAt: Date.now() });
