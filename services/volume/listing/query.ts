/** Lists as Cinder gives them: filters, sort keys, marker, offset and limit of a query, made into one page of a table. */
import type { Knex } from 'knex';
import { atLeast } from '#shared/api/versions.ts';
import type { Query, Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Resource } from '../resource.ts';
import { readPage } from './store.ts';
import { isSet, isTrue, limitOf, numberOf } from './values.ts';

type Asked = Pick<Call, 'query' | 'version' | 'page' | 'may'>;
type Listed<Row> = Pick<Resource<Row>, 'many' | 'rows' | 'filters' | 'guarded' | 'sorts' | 'pagesBy'>;

export interface Scope {
  /** Leaves the rows that the caller may see. */
  visible(query: Query): void;
  readonly isOneProject?: boolean;
}

interface Page<Row> {
  readonly rows: readonly Row[];
  /** `<collection>_links` and `count`, where the answer has them. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export async function listPage<Row extends { readonly id: string }>(
  db: Knex,
  resource: Listed<Row>,
  { visible, isOneProject = false }: Scope,
  asked: Asked,
): Promise<Page<Row>> {
  const { rows, many } = resource;
  const { query, version } = asked;
  const [limit, sorts] = [limitOf(query), sortsOf(resource, query)];
  const { found, ...count } = await readPage(db, {
    rows,
    visible,
    filters: filtersOf(resource, asked),
    sorts,
    index: indexOf(resource, sorts, isOneProject),
    marker: isSet(query.marker) ? query.marker : undefined,
    offset: numberOf(query.offset, 0, { name: 'offset', least: '>= 0' }),
    limit,
    wantsCount: isTrue(query.with_count ?? '') && atLeast(version, '3.45'),
  });
  const ids = found.map(({ id }) => id);
  return { rows: found, extra: { ...count, ...asked.page(many, ids, limit) } };
}

/** Those that the request names and this list has. */
function filtersOf<Row>(resource: Listed<Row>, asked: Asked): ((query: Query) => void)[] {
  const withheld = withheldFrom(resource, asked);
  return Object.entries(asked.query)
    .filter(([key, value]) => !withheld.includes(key) && isSet(value))
    .flatMap(([key, value]) => {
      const filter = own(resource.filters, key.replace(/~$/, ''));
      const isPart = key.endsWith('~') && atLeast(asked.version, '3.34');
      return filter ? [(query: Query) => filter(query, value, isPart)] : [];
    });
}

/** What this caller may not see or filter by: refused by name from 3.31 on, as in Cinder, and of no effect before. */
function withheldFrom<Row>({ guarded }: Listed<Row>, { query, version, may }: Asked): readonly string[] {
  const names = Object.keys(query).filter((key) => {
    const rule = own(guarded, key.replace(/~$/, ''));
    return rule !== undefined && !may(rule);
  });
  if (names.length > 0 && atLeast(version, '3.31'))
    throw badRequest(`Invalid filters ${names.join(',')} are found in query options.`);
  return names;
}

function indexOf<Row>({ pagesBy }: Listed<Row>, [first, ...others]: readonly Sort[], isOneProject: boolean) {
  if (!first || !pagesBy?.includes(first.column) || others.length !== 1) return undefined;
  return [...(isOneProject ? ['projectId'] : []), first.column, 'id'];
}

/** `sort=name:asc,created_at:desc`, or the older sort_key and sort_dir. The newest come first. */
function sortsOf<Row>({ sorts }: Listed<Row>, { sort, sort_key, sort_dir = 'desc' }: Asked['query']): Sort[] {
  const keys = isSet(sort) ? sort.split(',') : [`${isSet(sort_key) ? sort_key : 'created_at'}:${sort_dir}`];
  const found = keys.map((each) => {
    const [key = '', direction = 'desc'] = each.trim().split(':');
    if (!/^(asc|desc)$/.test(direction))
      throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.`);
    const column = key === 'id' ? 'id' : own(sorts, key);
    if (!column) throw badRequest(`Invalid input received: Invalid sort key: ${key}`);
    return { column, descending: direction === 'desc', notNull: column === 'createdAt' || column === 'id' };
  });
  const end = found.findIndex(({ column }) => column === 'id'); // what stands behind it decides nothing
  const descending = found[0]?.descending ?? true; // as in Cinder, rows that are equal follow the first direction
  return end < 0 ? [...found, { column: 'id', descending, notNull: true }] : found.slice(0, end + 1);
}
