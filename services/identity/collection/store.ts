/** Rows of resources with one table each, some columns in JSON. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { applyFilters, type Filtered, type Filters } from '../filters/store.ts';
import { couldNotFind } from '../resources/store.ts';

export interface RecordsOptions<T> {
  readonly table: string;
  /** The singular, for error messages. */
  readonly what: string;
  readonly json?: readonly (keyof T & string)[];
  /** Maps query keys to columns. */
  readonly filters?: Readonly<Record<string, Filtered>>;
}

export interface Records<T> {
  /** Throws 409 when the id exists. */
  insert(tx: Knex, row: T): Promise<void>;
  /** Throws 404. */
  get(db: Knex, id: string): Promise<T>;
  find(db: Knex, where: Partial<T>): Promise<T | undefined>;
  list(db: Knex, filters: Filters): Promise<T[]>;
  listWhere(db: Knex, where: Partial<T>): Promise<T[]>;
  update(tx: Knex, id: string, change: Partial<T>): Promise<number>;
  /** Resolves with the number of deleted rows. */
  remove(tx: Knex, where: Partial<T>): Promise<number>;
}

export function recordsOf<T extends object>({
  table,
  what,
  json = [],
  filters: columns = {},
}: RecordsOptions<T>): Records<T> {
  const jsonColumns = new Set<string>(json);
  const toRow = (row: Partial<T>) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        jsonColumns.has(key) && value !== null ? JSON.stringify(value) : value,
      ]),
    );
  const fromRow = (row: Record<string, unknown>): T =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        jsonColumns.has(key) && value !== null ? JSON.parse(String(value)) : value,
      ]),
    ) as T;
  const find = async (db: Knex, where: Partial<T>) => {
    const row = await db(table)
      .where({ ...where })
      .first();
    return row ? fromRow(row as Record<string, unknown>) : undefined;
  };
  const rows = async (query: PromiseLike<unknown>) => ((await query) as Record<string, unknown>[]).map(fromRow);
  return {
    find,
    insert: async (tx, row) => {
      const { id } = row as { id?: string };
      if (id !== undefined && (await tx(table).where({ id }).first('id')))
        throw conflict(`Conflict occurred attempting to store ${what} - Duplicate entry found with ID ${id}.`);
      await onDuplicate(tx(table).insert(toRow(row)), () =>
        conflict(`Conflict occurred attempting to store ${what} - Duplicate entry.`),
      );
    },
    get: async (db, id) => {
      const row = await find(db, { id } as unknown as Partial<T>);
      if (!row) throw couldNotFind(what, id);
      return row;
    },
    list: (db, filters) => rows(applyFilters(db(table), filters, columns)),
    listWhere: (db, where) => rows(db(table).where({ ...where })),
    update: (tx, id, change) => tx(table).where({ id }).update(toRow(change)),
    remove: (tx, where) =>
      tx(table)
        .where({ ...where })
        .delete(),
  };
}
