/** Parses list queries in Glance's syntax: `name=in:a,b`, `created_at=gt:2026-…`, `sort=name:asc`. */
import { timeOf } from '#shared/api/times.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { visibilities } from '../images/states.ts';
import type { Condition, ListRequest } from './store.ts';

type Queries = Readonly<Record<string, readonly string[]>>;

const defaultLimit = 25;
const maxLimit = 1000;
const sortKeys = ['name', 'status', 'container_format', 'disk_format', 'size', 'id', 'created_at', 'updated_at'];
const columnOf = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const notFilters = new Set(['limit', 'marker', 'member_status', 'sort', 'sort_key', 'sort_dir', 'tag', 'visibility']);
/** Filters that are compared for equality. */
const exactFilters = ['owner', 'checksum', 'os_hash_value', 'os_hash_algo'];
const inFilters = ['name', 'id', 'status', 'container_format', 'disk_format'];
const numberFilters = ['size', 'virtual_size', 'min_ram', 'min_disk'];
const rangeFilters = ['size', 'min_ram', 'min_disk'];

export function listRequest(queries: Queries): ListRequest {
  const last = (key: string) => queries[key]?.at(-1);
  const filters = Object.entries(queries).filter(([key]) => !notFilters.has(key));
  const conditions: Condition[] = [];
  const properties: Record<string, string> = Object.create(null); // the keys come from the client
  for (const [key, values] of filters) {
    const value = values.at(-1) ?? '';
    const found = conditionsOf(key, value);
    if (found) conditions.push(...found);
    else properties[key] = value;
  }
  if (!queries.os_hidden) conditions.push({ column: 'osHidden', compare: '=', value: false });
  return {
    conditions,
    properties,
    tags: (queries.tag ?? []).map((tag) => tag.trim()),
    visibility: oneOf(last('visibility'), [...visibilities, 'all'], 'Invalid visibility value: '),
    memberStatus:
      oneOf(last('member_status'), ['pending', 'accepted', 'rejected', 'all'], 'Invalid status: ') ?? 'accepted',
    sort: sortOf(queries),
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

/** Returns undefined when the key is no attribute: then it filters by a property. */
function conditionsOf(key: string, value: string): Condition[] | undefined {
  if (key === 'changes-since') throw badRequest('The "changes-since" filter is no longer available on v2.');
  if (key === 'os_hidden') return [{ column: 'osHidden', compare: '=', value: flag('os_hidden', value) }];
  if (key === 'protected') return [{ column: 'isProtected', compare: '=', value: flag('protected', value) }];
  if (inFilters.includes(key)) return [listCondition(key, value)];
  if (exactFilters.includes(key)) return [{ column: columnOf(key), compare: '=', value }];
  if (numberFilters.includes(key)) return [{ column: columnOf(key), compare: '=', value: numberOf(value) }];
  if (key === 'created_at' || key === 'updated_at') return timeConditions(key, value);
  const range = key.match(/^(.+)_(min|max)$/);
  if (!range || !rangeFilters.includes(range[1] ?? '')) return undefined;
  return [{ column: columnOf(range[1] ?? ''), compare: range[2] === 'min' ? '>=' : '<=', value: numberOf(value) }];
}

function flag(key: string, value: string): boolean {
  const text = value.toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  throw badRequest(`Invalid value '${value}' for '${key}' filter. Valid values are 'true' or 'false'.`);
}

function numberOf(value: string): number {
  if (!/^-?\d+$/.test(value)) throw badRequest('Unable to filter on a range with a non-numeric value.');
  return Number(value);
}

const operators = ['in', 'eq', 'neq', 'gt', 'gte', 'lt', 'lte'];

/** A colon that follows no operator belongs to the value. */
function operatorOf(text: string): readonly [string, string] {
  const [operator = '', ...rest] = text.split(':');
  return rest.length > 0 && operators.includes(operator) ? [operator, rest.join(':')] : ['eq', text];
}

function listCondition(key: string, text: string): Condition {
  const [operator, value] = operatorOf(text);
  if (operator === 'eq') return { column: columnOf(key), compare: '=', value };
  if (operator !== 'in') throw badRequest(`Unable to filter by unknown operator '${operator}'.`);
  return { column: columnOf(key), compare: 'in', value: partsOf(value) };
}

/** Splits at commas outside double quotes. */
function partsOf(text: string): string[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return parts.map((part) => part.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1'));
}

const secondMs = 1000;
/** Rows have milliseconds and the API whole seconds, so a second is a range. */
const comparisons: Readonly<Record<string, (second: number) => Omit<Condition, 'column'>[]>> = {
  eq: (second) => [
    { compare: '>=', value: second },
    { compare: '<', value: second + secondMs },
  ],
  neq: (second) => [{ compare: 'outside', value: [second, second + secondMs - 1] }],
  gt: (second) => [{ compare: '>=', value: second + secondMs }],
  gte: (second) => [{ compare: '>=', value: second }],
  lt: (second) => [{ compare: '<', value: second }],
  lte: (second) => [{ compare: '<', value: second + secondMs }],
};

function timeConditions(key: string, text: string): Condition[] {
  const [operator, value] = operatorOf(text);
  const time = timeOf(value);
  if (time === undefined) throw badRequest(`Bad "${key}" query filter format. Use ISO 8601 DateTime notation.`);
  const conditions = own(comparisons, operator)?.(Math.floor(time / secondMs) * secondMs);
  if (!conditions) throw badRequest(`Unable to filter by unknown operator '${operator}'.`);
  return conditions.map((condition) => ({ column: columnOf(key), ...condition }));
}

function sortOf(queries: Queries): ListRequest['sort'] {
  const pairs = queries.sort ? newStyle(queries) : oldStyle(queries);
  const requested = pairs.map(([key, direction]) => {
    if (!sortKeys.includes(key))
      throw badRequest(`Invalid sort key: ${key}. It must be one of the following: ${sortKeys.join(', ')}.`);
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid sort direction: ${direction}`);
    return { column: columnOf(key), descending: direction === 'desc' };
  });
  const more = ['createdAt', 'id'].filter((column) => !requested.some((each) => each.column === column));
  const descending = requested[0]?.descending ?? true;
  return [...requested, ...more.map((column) => ({ column, descending }))];
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
