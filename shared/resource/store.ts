/** The tables of definitions: rows as they are stored and as they are read, and who was let in to a private one. */
import type { Knex } from 'knex';
import { type Attributes, jsonColumnsOf, type RowOf } from './attribute.ts';

export interface Columns<Row> {
  read(stored: object): Row;
  /** What was read, where it was found. */
  find(query: Knex.QueryBuilder): Promise<Row | undefined>;
  list(query: Knex.QueryBuilder): Promise<Row[]>;
  write(row: Partial<Row>): Record<string, unknown>;
}

/** JSON columns are text in the table. */
export function columnsOf<As extends Attributes>(attributes: As): Columns<RowOf<As>> {
  const json = new Set(jsonColumnsOf(attributes));
  const read = (stored: object) =>
    Object.fromEntries(
      Object.entries(stored).map(([column, value]) => [column, json.has(column) ? JSON.parse(String(value)) : value]),
    ) as RowOf<As>;
  return {
    read,
    find: async (query) => {
      const stored: unknown = await query.first();
      return stored !== null && typeof stored === 'object' ? read(stored) : undefined;
    },
    list: async (query) => ((await query) as object[]).map(read),
    write: (row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [column, json.has(column) ? JSON.stringify(value) : value]),
      ),
  };
}

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
