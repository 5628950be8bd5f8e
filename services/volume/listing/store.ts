/** How rows are found by values of a query, and one page of a table: all in SQL. */
import type { Knex } from 'knex';
import { timeOf } from '#shared/api/times.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { whereAllowed } from '#shared/auth/policy.ts';
import { applyPage, beginIn, countRows, type Query, type Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Table } from '#shared/resource/table.ts';
import { dictionaryOf, isTrue } from './values.ts';

/** Leaves the rows of a value that a query names; with `part`, also those whose text has the value in it. */
export type Filter = (query: Query, value: string, part: boolean) => void;

const nothing = (query: Query): void => void query.whereRaw('1 = 0');
const hasPart = (query: Query, column: string, part: string): void =>
  void query.whereRaw('instr(??, ?) > 0', [column, part]);

/** No row has it. */
export const none: Filter = nothing;
/** All rows have the same value. */
export const constant =
  (is: (value: string) => boolean): Filter =>
  (query, value) => {
    if (!is(value)) nothing(query);
  };
export const byValue =
  (column: string): Filter =>
  (query, value) =>
    void query.where(column, value);
export const byText =
  (column: string): Filter =>
  (query, value, part) =>
    part ? hasPart(query, column, value) : void query.where(column, value);
export const byFlag =
  (column: string): Filter =>
  (query, value) =>
    void query.where(column, isTrue(value));
export const byNumber =
  (column: string): Filter =>
  (query, value) =>
    /^\d{1,15}$/.test(value) ? void query.where(column, Number(value)) : nothing(query);

/** A pair as JSON.stringify writes it stands in the text of a dictionary that has it, and in no other. */
export const byPairs =
  (column: string): Filter =>
  (query, value) => {
    for (const pair of Object.entries(dictionaryOf(value)))
      hasPart(query, column, JSON.stringify(Object.fromEntries([pair])).slice(1, -1));
  };

const secondOf = (at: number): [number, number] => [Math.floor(at / 1000) * 1000, Math.floor(at / 1000) * 1000 + 999];

const comparisons: Readonly<Record<string, (query: Query, column: string, at: number) => unknown>> = {
  gt: (query, column, at) => query.where(column, '>', at),
  gte: (query, column, at) => query.where(column, '>=', at),
  lt: (query, column, at) => query.where(column, '<', at),
  lte: (query, column, at) => query.where(column, '<=', at),
  eq: (query, column, at) => query.whereBetween(column, secondOf(at)),
  neq: (query, column, at) => query.whereNotBetween(column, secondOf(at)),
};

/** `created_at=gte:2026-01-01,lt:2026-02-01` (3.60). Times are equal when their seconds are. */
export const byTime =
  (column: string): Filter =>
  (query, value) => {
    for (const part of value.split(/,(?=(?:gte?|lte?|n?eq):)/)) {
      const [, operator = 'eq', time = part] = part.match(/^(gte?|lte?|n?eq):(.*)$/) ?? [];
      const at = timeOf(time);
      if (at === undefined) throw badRequest(`Invalid value for time comparison: ${value}`);
      own(comparisons, operator)?.(query, column, at);
    }
  };

/** Leaves the rows for which the caller passes the rule. */
export const allowedBy =
  (caller: Caller, rule: string) =>
  (query: Query): void =>
    whereAllowed(query, caller, rule);

export interface PageInput<Row> {
  readonly rows: Table<Row>;
  /** Leaves the rows that the caller may see. */
  readonly visible: (query: Query) => void;
  /** The index that a page without filters begins in. */
  readonly index: readonly string[] | undefined;
  readonly filters: readonly ((query: Query) => void)[];
  readonly sorts: readonly Sort[];
  readonly marker: string | undefined;
  readonly offset: number;
  readonly limit: number;
  readonly wantsCount: boolean;
}

/**
 * `count` is the number of rows on all pages, when it is asked for. Throws 404 for a marker that the caller may not see: where
 * a page begins would reveal its values.
 */
export async function readPage<Row extends object>(
  db: Knex,
  { rows, visible, index, filters, sorts, marker, offset, limit, wantsCount }: PageInput<Row>,
): Promise<{ found: Row[]; count?: number }> {
  const query = db(rows.name);
  if (index && filters.length === 0) beginIn(db, query, rows.name, index);
  for (const filter of [visible, ...filters]) filter(query);
  const count = wantsCount ? { count: await countRows(query) } : {};
  const last: object | undefined = marker === undefined ? undefined : await rows.get(db, marker, visible);
  applyPage(query, { sorts, limit, offset, ...(last ? { after: { ...last } } : {}) });
  return { found: ((await query) as object[]).map(rows.read), ...count };
}
