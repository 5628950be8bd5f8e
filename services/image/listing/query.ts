/** Parses list queries in Glance's syntax: filters by attribute and property, `sort=name:asc`. */
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { columnOf, type Query, sortsOf } from '#shared/resource/attribute.ts';
import { imageAttributes } from '../images/attributes.ts';
import { visibilities } from '../images/states.ts';
import { isAtLeast, isAtMost } from '../images/values.ts';
import { memberStatuses } from '../members/store.ts';
import type { ListRequest } from './store.ts';

type Queries = Readonly<Record<string, readonly string[]>>;
type Filter = (query: Query, asked: string) => void;

const defaultLimit = 25;
const maxLimit = 1000;
const notFilters = new Set(['limit', 'marker', 'member_status', 'sort', 'sort_key', 'sort_dir', 'tag', 'visibility']);
const sortKeys = Object.keys(sortsOf(imageAttributes));

const filters: Readonly<Record<string, Filter>> = {
  ...Object.fromEntries(
    Object.entries(imageAttributes)
      .filter(([, { options }]) => options.filter)
      .map(([name, attribute]) => [
        name,
        (query: Query, asked: string) => attribute.type.filter?.(query, columnOf(name, attribute) ?? name, asked, name),
      ]),
  ),
  size_min: (query, asked) => isAtLeast(query, 'size', asked, 'size'),
  size_max: (query, asked) => isAtMost(query, 'size', asked, 'size'),
  min_ram_min: (query, asked) => isAtLeast(query, 'minRam', asked, 'min_ram'),
  min_ram_max: (query, asked) => isAtMost(query, 'minRam', asked, 'min_ram'),
  min_disk_min: (query, asked) => isAtLeast(query, 'minDisk', asked, 'min_disk'),
  min_disk_max: (query, asked) => isAtMost(query, 'minDisk', asked, 'min_disk'),
  'changes-since': () => {
    throw badRequest('The "changes-since" filter is no longer available on v2.');
  },
};

/** A key that is no attribute filters by a property. */
export function listRequest(queries: Queries): ListRequest {
  const last = (key: string) => queries[key]?.at(-1);
  const asked = Object.entries({ os_hidden: ['false'], ...queries }).filter(([key]) => !notFilters.has(key));
  return {
    narrow: (query) => {
      for (const [key, values] of asked) own(filters, key)?.(query, values.at(-1) ?? '');
    },
    properties: asked.flatMap(([name, values]) => (own(filters, name) ? [] : [{ name, value: values.at(-1) ?? '' }])),
    tags: (queries.tag ?? []).map((tag) => tag.trim()),
    visibility: oneOf(last('visibility'), [...visibilities, 'all'], 'Invalid visibility value: '),
    memberStatus: oneOf(last('member_status'), [...memberStatuses, 'all'], 'Invalid status: ') ?? 'accepted',
    sorts: sortsIn(queries),
    marker: last('marker'),
    limit: limitOf(last('limit')),
  };
}

function oneOf(value: string | undefined, allowed: readonly string[], refusal: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (!allowed.includes(value)) throw badRequest(refusal + value);
  return value;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return defaultLimit;
  if (!/^-?\d+$/.test(text)) throw badRequest('limit param must be an integer');
  if (Number(text) < 0) throw badRequest('limit param must be positive');
  return Math.min(Number(text), maxLimit);
}

function sortsIn(queries: Queries): ListRequest['sorts'] {
  const pairs = queries.sort ? newStyle(queries) : oldStyle(queries);
  const requested = pairs.map(([key, direction]) => {
    const attribute = own(imageAttributes, key);
    if (!attribute?.options.sort)
      throw badRequest(`Invalid sort key: ${key}. It must be one of the following: ${sortKeys.join(', ')}.`);
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid sort direction: ${direction}`);
    const column = columnOf(key, attribute) ?? key;
    return { column, descending: direction === 'desc', notNull: !attribute.options.nullable };
  });
  const more = ['createdAt', 'id'].filter((column) => !requested.some((each) => each.column === column));
  const descending = requested[0]?.descending ?? true;
  return [...requested, ...more.map((column) => ({ column, descending, notNull: true }))];
}

function newStyle({ sort = [], sort_key, sort_dir }: Queries): [string, string][] {
  if (sort_key || sort_dir) throw badRequest('Old and new sorting syntax cannot be combined');
  return (sort.at(-1) ?? '').split(',').map((part) => {
    const [key = '', direction = ''] = part.trim().split(':');
    return [key, direction || 'desc'];
  });
}

function oldStyle({ sort_key: keys = ['created_at'], sort_dir: directions = ['desc'] }: Queries): [string, string][] {
  if (directions.length > 1 && directions.length !== keys.length)
    throw badRequest('Number of sort dirs does not match the number of sort keys');
  return keys.map((key, at) => [key.trim(), (directions[at] ?? directions[0] ?? 'desc').trim()]);
}
