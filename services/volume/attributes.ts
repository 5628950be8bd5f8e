/** The types of Cinder's attributes. */
import { longTime } from '#shared/api/times.ts';
import { attributeOf, type Options, type Query } from '#shared/resource/attribute.ts';
import { byFlag, byNumber, byPairs, byText, byTime, byValue, type Filter } from './listing/store.ts';
import { isTrue } from './listing/values.ts';

/** The filter of a type. */
const as =
  (by: (column: string) => Filter) =>
  (query: Query, column: string, value: string, _name: string, part = false): void =>
    by(column)(query, value, part);

/** Null stands for nothing unless the attribute is nullable. */
export const text = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent)),
  filter: as(byText),
});

/** A text without spaces around it. */
export const trimmed = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent).trim()),
  filter: as(byText),
});

/** An id, a name of something else: filters look for all of it. */
export const key = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent)),
  filter: as(byValue),
});

/** One of the values of a type. */
export const choice = <V extends string>() =>
  attributeOf<V>({ kind: 'text', input: { type: 'string' }, parse: () => undefined, filter: as(byText) });

export const flag = attributeOf<boolean>({
  kind: 'flag',
  input: { type: ['boolean', 'string'] },
  output: { type: 'boolean' },
  parse: isTrue,
  filter: as(byFlag),
});

export const integer = attributeOf<number>({
  kind: 'number',
  input: { type: ['integer', 'string'] },
  output: { type: 'integer' },
  parse: Number,
  filter: as(byNumber),
});

const timeType = attributeOf<number>({
  kind: 'number',
  input: { type: 'string' },
  parse: () => undefined,
  filter: as(byTime),
});
export const time = <const O extends Options<number>>(options: O) => timeType({ show: longTime, ...options });

/** Texts by key. */
export const pairsSchema = {
  type: 'object',
  propertyNames: { pattern: '^[a-zA-Z0-9-_:. ]{1,255}$' },
  additionalProperties: { type: ['string', 'null'], maxLength: 255 },
};

export const pairs = attributeOf<Readonly<Record<string, string>>>({
  kind: 'json',
  input: { oneOf: [{ type: 'null' }, pairsSchema] },
  output: { type: 'object' },
  parse: (sent) => (sent === null ? undefined : Object.fromEntries(Object.entries(sent ?? {}))),
  filter: as(byPairs),
});

/** Anything, stored as JSON. */
export const json = <T>() => attributeOf<T>({ kind: 'json', input: {}, parse: () => undefined });

export const empty = attributeOf<null>({ kind: 'text', input: { type: 'null' }, parse: () => null });

/** The names that Cinder had before are taken, too. */
export const nameAndDescription = {
  display_name: trimmed({ column: 'name', set: ['create', 'update'], nullable: true, hidden: true, sort: true }),
  name: trimmed({ set: ['create', 'update'], nullable: true, default: null, filter: true, sort: true }),
  display_description: trimmed({ column: 'description', set: ['create', 'update'], nullable: true, hidden: true }),
  description: trimmed({ set: ['create', 'update'], nullable: true, default: null }),
} as const;
