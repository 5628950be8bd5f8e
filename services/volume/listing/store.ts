/** One page of a table, filtered, sorted and cut in SQL. */
import type { Knex } from 'knex';
import { applyPage, countRows, type Query, type Sort } from '#shared/db/page.ts';
import { notFound } from '#shared/errors/fault.ts';

/** What a row must be to stand in the list. */
export type Condition =
  | { readonly kind: 'equal'; readonly column: string; readonly value: string | number | boolean }
  /** The text of the column has this part. */
  | { readonly kind: 'part'; readonly column: string; readonly part: string }
  | { readonly kind: 'time'; readonly column: string; readonly operator: '>' | '>=' | '<' | '<='; readonly at: number }
  | {
      readonly kind: 'between';
      readonly column: string;
      readonly range: readonly [number, number];
      readonly not: boolean;
    }
  | { readonly kind: 'never' }
  | { readonly kind: 'by'; readonly narrow: (query: Query) => void };

export interface PageInput {
  readonly table: string;
  /** One row, in a refusal. */
  readonly what: string;
  /** Columns and values of all rows that the caller may see. */
  readonly scope: Readonly<Record<string, unknown>>;
  readonly conditions: readonly Condition[];
  readonly sorts: readonly Sort[];
  readonly marker: string | undefined;
  readonly offset: number;
  readonly limit: number;
  readonly wantsCount: boolean;
}

export type Stored = Record<string, unknown> & { readonly id: string };

/** `count` is the number of rows on all pages, when it is asked for. Throws 404 for a marker that is not in scope. */
export async function readPage(db: Knex, input: PageInput): Promise<{ rows: Stored[]; count?: number }> {
  const { table, scope, conditions, sorts, limit, offset } = input;
  const query = db(table).where(scope);
  for (const condition of conditions) narrow(query, condition);
  const count = input.wantsCount ? { count: await countRows(query) } : {};
  const after = input.marker === undefined ? {} : { after: await getMarker(db, input, input.marker) };
  applyPage(query, { sorts, limit, offset, ...after });
  return { rows: (await query) as Stored[], ...count };
}

/** A row that the caller may not see is no marker: where a page begins would reveal its values. */
async function getMarker(db: Knex, { table, what, scope }: PageInput, id: string): Promise<Stored> {
  const row = (await db(table)
    .where({ ...scope, id })
    .first()) as Stored | undefined;
  if (!row) throw notFound(what, id);
  return row;
}

function narrow(query: Query, condition: Condition): void {
  switch (condition.kind) {
    case 'equal':
      query.where(condition.column, condition.value);
      break;
    case 'part':
      query.whereRaw('instr(??, ?) > 0', [condition.column, condition.part]);
      break;
    case 'time':
      query.where(condition.column, condition.operator, condition.at);
      break;
    case 'between':
      query[condition.not ? 'whereNotBetween' : 'whereBetween'](condition.column, [...condition.range]);
      break;
    case 'never':
      query.whereRaw('1 = 0');
      break;
    case 'by':
      condition.narrow(query);
  }
}
