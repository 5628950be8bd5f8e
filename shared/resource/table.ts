/** The table of a definition: the rows of its resources, by values of columns. */
import type { Knex } from 'knex';
import { type Attributes, columnOf, type Query, type RowOf } from './attribute.ts';
import { columnsOf } from './store.ts';

/** A value that a column has, or several of which it has one. */
export type Where<Row> = { readonly [Column in keyof Row]?: Row[Column] | readonly Row[Column][] };

export interface Table<Row> {
  readonly name: string;
  /** A row as it is stored, read. */
  read(stored: object): Row;
  find(db: Knex, where: Where<Row>): Promise<Row | undefined>;
  /** Throws the 404 when there is no such row, or `narrow` leaves it out. */
  get(db: Knex, id: string, narrow?: (query: Query) => void): Promise<Row>;
  /** Throws an Error when there is no such row: a task asks for what it owns. */
  expect(db: Knex, where: Where<Row>): Promise<Row>;
  /** Reads and locks the row until the end of the transaction. */
  lock(tx: Knex, id: string): Promise<Row | undefined>;
  /** In the order of their creation, where rows have its time. */
  list(db: Knex, where: Where<Row>): Promise<Row[]>;
  insert(tx: Knex, row: Row): Promise<void>;
  /** Also sets `updatedAt`, where rows have it. Returns false when no row is changed. */
  update(tx: Knex, where: Where<Row>, change: Partial<Row>): Promise<boolean>;
  /** Returns false when no row is removed. */
  remove(tx: Knex, where: Where<Row>): Promise<boolean>;
}

export function tableOf<As extends Attributes>(
  name: string,
  attributes: As,
  missing: (id: string) => Error,
): Table<RowOf<As>> {
  const { read, find, list, write } = columnsOf(attributes);
  const columns = new Set(Object.entries(attributes).map(([key, attribute]) => columnOf(key, attribute)));
  const touched = () => (columns.has('updatedAt') ? { updatedAt: Date.now() } : {});
  const rows = (db: Knex, where: Where<RowOf<As>>) => narrow(db(name), where);
  return {
    name,
    read,
    find: (db, where) => find(rows(db, where)),
    get: async (db, id, visible) => {
      const query = db(name).where({ id });
      visible?.(query);
      const row = await find(query);
      if (!row) throw missing(id);
      return row;
    },
    expect: async (db, where) => {
      const row = await find(rows(db, where));
      if (!row) throw new Error(`no row of ${name} has ${JSON.stringify(where)}`);
      return row;
    },
    lock: (tx, id) => find(tx(name).where({ id }).forUpdate()),
    list: (db, where) => list(columns.has('createdAt') ? rows(db, where).orderBy('createdAt') : rows(db, where)),
    insert: async (tx, row) => {
      await tx(name).insert(write(row));
    },
    update: async (tx, where, change) => (await rows(tx, where).update({ ...write(change), ...touched() })) > 0,
    remove: async (tx, where) => (await rows(tx, where).delete()) > 0,
  };
}

function narrow(query: Query, where: object): Query {
  for (const [column, value] of Object.entries(where))
    if (Array.isArray(value)) query.whereIn(column, value);
    else query.where(column, value);
  return query;
}
