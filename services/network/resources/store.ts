/** What the tables of all resources have in common: find, list with filters and pages, insert, update, remove. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may, whereAllowed } from '#shared/auth/policy.ts';
import type { Rows } from '#shared/db/json-columns.ts';
import { applyPage, beginIn, type Sort } from '#shared/db/page.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Query } from '#shared/resource/attribute.ts';

/** The filter of an attribute that no row has. */
export const noRow = (query: Query): void => void query.whereRaw('1 = 0');

/** Rows whose column has the text somewhere. */
export const containing = (query: Query, column: string, text: string): Query =>
  query.whereRaw('instr(??, ?) > 0', [column, text]);

/** One page of a collection, as it was asked for. */
export interface Listing {
  readonly filters: readonly ((query: Query) => void)[];
  readonly sorts: readonly { readonly column: string; readonly descending: boolean }[];
  readonly marker: string | undefined;
  readonly limit: number | undefined;
  /** The page before the marker instead of the one after it. */
  readonly reverse: boolean;
}

/** What sets one table apart from the others. */
export interface Shape {
  /** As bodies spell it, and rules. */
  readonly one: string;
  readonly table: string;
  /** The type and the words of its 404. */
  readonly missing: readonly [type: string, words: (id: string) => string];
}

export interface Table<Row extends object> {
  /** Throws its 404 when there is none, or `who` may not see it. */
  find(db: Knex, caller: Caller, id: string): Promise<Row>;
  /** Until the transaction ends nobody else changes this row. */
  lock(tx: Knex, id: string): Promise<void>;
  /** What `who` may see, filtered, sorted and cut as the listing says. */
  list(db: Knex, caller: Caller, listing: Listing): Promise<Row[]>;
  /** Whoever asks; undefined when there is none. */
  get(db: Knex, id: string): Promise<Row | undefined>;
  /** All rows whose columns have these values. */
  where(db: Knex, columns: Partial<Row>): Promise<Row[]>;
  whereIn(db: Knex, column: keyof Row & string, values: readonly unknown[]): Promise<Row[]>;
  insert(tx: Knex, row: Row): Promise<void>;
  /** Also counts the revision up. */
  update(tx: Knex, id: string, change: Partial<Row>): Promise<void>;
  remove(tx: Knex, id: string): Promise<void>;
  countOf(db: Knex, columns: Partial<Row>): Promise<number>;
}

export function tableOf<Row extends object>(shape: Shape, { read, write }: Rows<Row>): Table<Row> {
  const rows = (db: Knex) => db(shape.table);
  const visible = (db: Knex, caller: Caller) => {
    const query = rows(db).select(`${shape.table}.*`);
    whereAllowed(query, caller, `get_${shape.one}`);
    return query;
  };
  const seen = async (db: Knex, caller: Caller, id: string): Promise<Record<string, unknown>> => {
    const [found] = await visible(db, caller).where({ [`${shape.table}.id`]: id });
    const [type, words] = shape.missing;
    if (!found) throw new Fault(404, 'notFound', words(id), { type });
    return found;
  };
  const list = async (db: Knex, caller: Caller, listing: Listing) => {
    const { marker } = listing;
    const query = visible(db, caller);
    if (isWhole(caller, listing) && isByName(sortsOf(listing))) beginIn(db, query, shape.table, ['name']);
    for (const filter of listing.filters) filter(query);
    // A marker is a row that the caller may see: where a page begins must not tell anything of the others.
    cut(query, listing, marker === undefined ? undefined : await seen(db, caller, marker));
    const found = (await query).map(read);
    return listing.reverse ? found.reverse() : found;
  };
  return {
    list,
    find: async (db, caller, id) => read(await seen(db, caller, id)),
    lock: async (tx, id) => {
      await rows(tx).where({ id }).forUpdate().first('id');
    },
    get: async (db, id) => {
      const found = (await rows(db).where({ id }).first()) as Record<string, unknown> | undefined;
      return found && read(found);
    },
    where: async (db, columns) => (await rows(db).where(write(columns)).orderBy('id')).map(read),
    whereIn: async (db, column, values) =>
      values.length === 0
        ? []
        : (
            await rows(db)
              .whereIn(column, [...values] as string[])
              .orderBy('id')
          ).map(read),
    insert: async (tx, row) => {
      await rows(tx).insert(write(row));
    },
    update: async (tx, id, change) => {
      await rows(tx)
        .where({ id })
        .update({ ...write(change), updatedAt: Date.now() })
        .increment('revision', 1);
    },
    remove: async (tx, id) => {
      await rows(tx).where({ id }).delete();
    },
    countOf: async (db, columns) => {
      const [row] = await rows(db).where(write(columns)).count({ total: '*' });
      return Number(row?.total ?? 0);
    },
  };
}

/** A page of all rows: begun in an index, it costs no more than its own rows. */
const isWhole = (caller: Caller, { filters, limit }: Listing): boolean =>
  filters.length === 0 && limit !== undefined && may(caller, 'context_is_admin');

/** The order of the index of names, which ends with the id: MariaDB would sort the table. */
const isByName = ([first, second, ...rest]: readonly Sort[]): boolean =>
  first?.column === 'name' && second?.column === 'id' && first.descending === second.descending && rest.length === 0;

/** A page by keyset. */
function cut(query: Query, listing: Listing, after: Record<string, unknown> | undefined): void {
  const { limit } = listing;
  applyPage(query, {
    sorts: sortsOf(listing),
    ...(after ? { after } : {}),
    ...(limit === undefined ? {} : { limit }),
  });
}

/** Ends with the id; read backwards, the order is turned round. */
const sortsOf = (listing: Listing): Sort[] =>
  [...listing.sorts.filter(({ column }) => column !== 'id'), idSort(listing)].map(({ column, descending }) => ({
    column,
    descending: descending !== listing.reverse,
    notNull: column === 'id',
  }));

const idSort = ({ sorts }: Listing) =>
  sorts.find(({ column }) => column === 'id') ?? { column: 'id', descending: false };
