/** A resource of Cinder's API: its table, what clients see of it, and how its lists are filtered and sorted. */
import { type Attributes, columnOf, type RowOf, type Seen, sortsOf } from '#shared/resource/attribute.ts';
import { type Table, tableOf } from '#shared/resource/table.ts';
import type { Filter } from './listing/store.ts';

interface Definition<As extends Attributes> {
  readonly table: string;
  readonly attributes: As;
  /** Filters beside those of its attributes. */
  readonly filters?: Readonly<Record<string, Filter>>;
  readonly missing: (id: string) => Error;
  /** Columns that pages begin in an index by: one of the project, the column and the id, and one of the column and the id. */
  readonly pagesBy?: readonly string[];
}

export interface Resource<Row> {
  /** As bodies spell it: `volume`. */
  readonly one: string;
  readonly many: string;
  readonly rows: Table<Row>;
  /** By the name in a query. */
  readonly filters: Readonly<Record<string, Filter>>;
  /** The rules of filters that not every caller may use, by name. */
  readonly guarded: Readonly<Record<string, string>>;
  /** Columns by sort key. */
  readonly sorts: Readonly<Record<string, string>>;
  readonly pagesBy?: readonly string[];
}

export function resource<As extends Attributes>(
  one: string,
  many: string,
  { table, attributes, filters, missing, pagesBy }: Definition<As>,
): Resource<RowOf<As>> & { readonly attributes: As } {
  const entries = Object.entries(attributes);
  return {
    one,
    many,
    attributes,
    rows: tableOf(table, attributes, missing),
    filters: { ...Object.fromEntries(entries.flatMap((entry) => filterOf(...entry))), ...filters },
    guarded: Object.fromEntries(
      entries.flatMap(([name, { options }]) => (options.rule && options.filter ? [[name, options.rule]] : [])),
    ),
    sorts: sortsOf(attributes),
    ...(pagesBy ? { pagesBy } : {}),
  };
}

function filterOf(name: string, attribute: Attributes[string]): [string, Filter][] {
  const { filter } = attribute.options;
  const column = columnOf(name, attribute);
  if (typeof filter === 'function') return [[name, (query, value) => filter(query, [value])]];
  if (!filter || column === null) return [];
  return [[name, (query, value, part) => attribute.type.filter?.(query, column, value, name, part)]];
}

/** Links to one of a collection, in the caller's project. */
export const linksOf =
  (many: string) =>
  (id: string, { base, caller }: Seen) => [
    { rel: 'self', href: `${base}/v3/${caller?.projectId ?? ''}/${many}/${id}` },
    { rel: 'bookmark', href: `${base}/${caller?.projectId ?? ''}/${many}/${id}` },
  ];
