/** The tables of definitions: rows as they are stored and as they are read, and who was let in to a private one. */
import type { Knex } from 'knex';
import { type Rows, rowsOf } from '#shared/db/json-columns.ts';
import { type Attributes, jsonColumnsOf, type RowOf } from './attribute.ts';

/** JSON columns are text in the table. */
export const columnsOf = <As extends Attributes>(attributes: As): Rows<RowOf<As>> =>
  rowsOf<RowOf<As>>(...(jsonColumnsOf(attributes) as (keyof RowOf<As> & string)[]));

/** Which projects were let in to what is not public. */
export interface AccessTable {
  list(db: Knex, id: string): Promise<string[]>;
  /** False when it had access already. */
  insert(tx: Knex, id: string, projectId: string): Promise<boolean>;
  /** False when it had none. */
  remove(tx: Knex, id: string, projectId: string): Promise<boolean>;
  removeAll(tx: Knex, id: string): Promise<void>;
  /** Leaves public ones, and those that the project was let in to. */
  narrow(db: Knex, query: Knex.QueryBuilder, projectId: string | null): void;
}

export function accessTable(table: string, key: string): AccessTable {
  return {
    list: async (db, id) => {
      const rows = (await db(table)
        .where({ [key]: id })
        .orderBy('projectId')) as { readonly projectId: string }[];
      return rows.map(({ projectId }) => projectId);
    },
    insert: async (tx, id, projectId) => {
      if (
        await tx(table)
          .where({ [key]: id, projectId })
          .first(key)
      )
        return false;
      await tx(table).insert({ [key]: id, projectId });
      return true;
    },
    remove: async (tx, id, projectId) =>
      (await tx(table)
        .where({ [key]: id, projectId })
        .delete()) > 0,
    removeAll: async (tx, id) => {
      await tx(table)
        .where({ [key]: id })
        .delete();
    },
    narrow: (db, query, projectId) => {
      const letIn = db(table)
        .where({ projectId: projectId ?? '' })
        .select(key);
      query.where((either: Knex.QueryBuilder) => void either.where({ isPublic: true }).orWhereIn('id', letIn));
    },
  };
}
