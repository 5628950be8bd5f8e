/** The table of a resource: rows with some columns in JSON, found by Keystone's filters, refused when they exist. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import type { Attributes, RowOf } from '#shared/resource/attribute.ts';
import { columnsOf } from '#shared/resource/store.ts';
import { applyFilters, type Filtered, type Filters } from '../filters/store.ts';

export type Query = Knex.QueryBuilder;

export const newId = (): string => randomUUID().replaceAll('-', '');

/** 404 in the words of Keystone. */
export const couldNotFind = (what: string, id: string) => {
  const fault = notFound(what, id);
  fault.message = `Could not find ${what}: ${id}.`;
  return fault;
};

/** 409 in the words of Keystone. */
const duplicate = (noun: string, found: string) =>
  conflict(`Conflict occurred attempting to store ${noun.replaceAll(' ', '_')} - Duplicate entry${found}.`);

const pick = <Row extends object>(row: Row, columns: readonly (keyof Row & string)[]): Partial<Row> =>
  Object.fromEntries(columns.map((each) => [each, row[each]])) as Partial<Row>;

/** How the refusal of a taken name in a domain names the other row. */
export const duplicateInDomain = ({ name, domainId }: { readonly name: string; readonly domainId: string }): string =>
  ` found with name ${name} at domain ID ${domainId}`;

export interface TableOptions<Row> {
  readonly table: string;
  /** As error messages name it. */
  readonly noun: string;
  /** `id` unless told. */
  readonly key?: readonly (keyof Row & string)[];
  /** Names are compared without case, by the column `nameLower`. */
  readonly lowered?: true;
  /** What lists can be filtered by. */
  readonly filters?: Readonly<Record<string, Filtered>>;
  /** The columns that no two rows share, and how the refusal names the other row. */
  readonly unique?: { readonly columns: readonly (keyof Row & string)[]; found(row: Row): string };
}

interface Listing {
  readonly filters?: Filters;
  readonly narrow?: (query: Query) => unknown;
  /** The list has one row more when there are more. */
  readonly max?: number;
}

export interface Rows<Row> {
  /** A name is compared as `lowered` says. */
  find(db: Knex, where: Partial<Row>): Promise<Row | undefined>;
  /** Throws 404. */
  get(db: Knex, id: string): Promise<Row>;
  /** Ordered by id. */
  list(db: Knex, listing?: Listing): Promise<Row[]>;
  where(db: Knex, where: Partial<Row>): Promise<Row[]>;
  /** Throws 409 when the id or what is unique exists. */
  insert(tx: Knex, row: Row): Promise<void>;
  /** Throws 409 when another row has what is unique. */
  refuseTaken(tx: Knex, row: Row): Promise<void>;
  /** One row, or those with the values. */
  update(tx: Knex, where: string | Partial<Row>, change: Partial<Row>): Promise<number>;
  /** Resolves with the number of deleted rows. */
  remove(tx: Knex, where: Partial<Row>): Promise<number>;
}

export function rowsOf<As extends Attributes>(
  attributes: As,
  { table, noun, key, lowered, unique, filters = {} }: TableOptions<RowOf<As>>,
): Rows<RowOf<As>> {
  type Row = RowOf<As> & { readonly id?: string; readonly name?: string };
  const columns = columnsOf(attributes);
  const write = (row: Partial<RowOf<As>>) => {
    const { name } = row as Partial<Row>;
    return { ...columns.write(row), ...(lowered && name !== undefined ? { nameLower: name.toLowerCase() } : {}) };
  };
  const keyOf = (where: Partial<RowOf<As>>) => {
    const { name, ...rest } = where as Partial<Row>;
    return { ...rest, ...(name === undefined ? {} : lowered ? { nameLower: name.toLowerCase() } : { name }) };
  };
  const refuseTaken = async (tx: Knex, row: Row) => {
    if (!unique) return;
    const same = keyOf(pick(row, unique.columns));
    const other = tx(table)
      .where(same)
      .whereNot({ id: row.id ?? '' });
    if (await other.first('id')) throw duplicate(noun, unique.found(row));
  };
  return {
    refuseTaken,
    find: (db, where) => columns.find(db(table).where(keyOf(where))),
    get: async (db, id) => {
      const row = await columns.find(db(table).where({ id }));
      if (!row) throw couldNotFind(noun, id);
      return row;
    },
    list: (db, { filters: asked = {}, narrow, max } = {}) => {
      const query = applyFilters(db(table), asked, filters).orderBy('id');
      narrow?.(query);
      if (Number.isSafeInteger(max)) query.limit(Number(max) + 1);
      return columns.list(query);
    },
    where: (db, where) => columns.list(db(table).where({ ...where })),
    insert: async (tx, row: Row) => {
      if (
        await tx(table)
          .where(key ? pick(row, key) : { id: row.id })
          .first('id')
      )
        throw duplicate(noun, ` found with ID ${row.id}`);
      await refuseTaken(tx, row);
      await onDuplicate(tx(table).insert(write(row)), () => duplicate(noun, unique?.found(row) ?? ''));
    },
    update: async (tx, where, change) => {
      if (Object.keys(change).length === 0) return 0;
      return tx(table)
        .where(typeof where === 'string' ? { id: where } : { ...where })
        .update(write(change));
    },
    remove: (tx, where) =>
      tx(table)
        .where({ ...where })
        .delete(),
  };
}
