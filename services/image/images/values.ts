/** The types of Glance's attributes, with its syntax in filters of lists: `name=in:a,b`, `created_at=gt:2026-…`. */
import type { Json } from '#shared/api/document.ts';
import { timeOf } from '#shared/api/times.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { attributeOf, type Options, type Query, type Type } from '#shared/resource/attribute.ts';

type Filter = Required<Type<unknown>>['filter'];

function typeOf<T>(
  kind: Type<T>['kind'],
  input: Type<T>['input'],
  filter: Filter,
  fits: (value: unknown, options: Options<unknown>) => boolean,
) {
  const parse = (sent: unknown, name: string, options: Options<unknown>) => {
    if (fits(sent, options)) return sent as T;
    throw badRequest(
      `Provided object does not match schema 'image': ${JSON.stringify(sent)} is not valid for '${name}'`,
    );
  };
  return attributeOf<T>({ kind, input, parse, filter });
}

const isEqual: Filter = (query, column, asked) => void query.where(column, asked);

/** `a`, or `in:a,b`. */
const isAmong: Filter = (query, column, asked) => {
  const [operator, value] = operatorOf(asked);
  if (operator !== 'eq' && operator !== 'in') throw unknownOperator(operator);
  query.whereIn(column, operator === 'eq' ? [value] : partsOf(value));
};

const isTrue: Filter = (query, column, asked, name) => {
  const lower = asked.toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw badRequest(`Invalid value '${asked}' for '${name}' filter. Valid values are 'true' or 'false'.`);
  query.where(column, lower === 'true');
};

const numberOf = (asked: string): number => {
  if (!/^-?\d+$/.test(asked)) throw badRequest('Unable to filter on a range with a non-numeric value.');
  return Number(asked);
};
const isNumber: Filter = (query, column, asked) => void query.where(column, numberOf(asked));
export const isAtLeast: Filter = (query, column, asked) => void query.where(column, '>=', numberOf(asked));
export const isAtMost: Filter = (query, column, asked) => void query.where(column, '<=', numberOf(asked));

/** Rows have milliseconds and the API whole seconds, so a second is a range. */
const comparisons: Readonly<Record<string, (query: Query, column: string, first: number, next: number) => void>> = {
  eq: (query, column, first, next) => query.where(column, '>=', first).where(column, '<', next),
  neq: (query, column, first, next) => query.whereNotBetween(column, [first, next - 1]),
  gt: (query, column, _first, next) => query.where(column, '>=', next),
  gte: (query, column, first) => query.where(column, '>=', first),
  lt: (query, column, first) => query.where(column, '<', first),
  lte: (query, column, _first, next) => query.where(column, '<', next),
};

const isTime: Filter = (query, column, asked, name) => {
  const [operator, value] = operatorOf(asked);
  const ms = timeOf(value);
  if (ms === undefined) throw badRequest(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`);
  const compare = own(comparisons, operator);
  if (!compare) throw unknownOperator(operator);
  const second = Math.floor(ms / 1000) * 1000;
  compare(query, column, second, second + 1000);
};

const unknownOperator = (operator: string) => badRequest(`Unable to filter by unknown operator '${operator}'.`);
const operators = ['in', 'eq', 'neq', 'gt', 'gte', 'lt', 'lte'];

/** A colon that follows no operator belongs to the value. */
function operatorOf(text: string): readonly [string, string] {
  const [operator = '', ...rest] = text.split(':');
  return rest.length > 0 && operators.includes(operator) ? [operator, rest.join(':')] : ['eq', text];
}

/** Splits at commas outside double quotes. */
function partsOf(text: string): string[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return parts.map((part) => part.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1'));
}

const isText = (value: unknown, { max = Number.POSITIVE_INFINITY }: Options<unknown>): boolean =>
  typeof value === 'string' && value.length <= max;
const isCount = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0x7fff_ffff;
const textSchema = ({ max, nullable }: Options<unknown>): Json => ({
  type: nullable ? ['null', 'string'] : 'string',
  ...(max === undefined ? {} : { maxLength: max }),
});

export const text = typeOf<string>('text', textSchema, isEqual, isText);
/** A text that lists may be filtered by with several values. */
export const label = typeOf<string>('text', textSchema, isAmong, isText);
export const choice = <const V extends string>(values: readonly V[]) =>
  typeOf<V>('text', { type: 'string', enum: [...values] }, isAmong, (value) => values.includes(value as V));
export const integer = typeOf<number>(
  'number',
  ({ nullable }) => ({ type: nullable ? ['null', 'integer'] : 'integer' }),
  isNumber,
  isCount,
);
export const flag = typeOf<boolean>('flag', { type: 'boolean' }, isTrue, (value) => typeof value === 'boolean');
export const time = typeOf<number>('number', { type: 'string' }, isTime, () => false);
export const texts = typeOf<readonly string[]>(
  'json',
  (options) => ({ type: 'array', items: textSchema(options) }),
  isEqual,
  (value, options) => Array.isArray(value) && value.every((each) => isText(each, options)),
);
