/** The types of Neutron's attributes, and the attributes that every resource has. */
import type { Json } from '#shared/api/document.ts';
import { shortTime } from '#shared/api/times.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { attributeOf, type Options } from '#shared/resource/attribute.ts';
import { inColumn, tagFilters } from '#shared/resource/tags.ts';
import { truth } from './values.ts';

/** Lists can be filtered and sorted by it. */
export const listed = { filter: true, sort: true } as const;
export const both = ['create', 'update'] as const;
export const create = ['create'] as const;

/** Null stands for nothing, unless the attribute is nullable. */
const textOf = (sent: unknown): string | undefined => (sent === null ? undefined : String(sent));

export const text = attributeOf<string>({ kind: 'text', input: { type: 'string' }, parse: textOf });
export const uuid = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', format: 'uuid' },
  output: { type: 'string' },
  parse: textOf,
});
const label = '(?!-)[A-Za-z0-9_-]{1,63}(?<!-)';
export const hostname = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', maxLength: 255, pattern: `^(${label}([.]${label})*[.]?)?$` },
  output: { type: 'string' },
  parse: textOf,
});
/** Null clears it. */
export const clearable = attributeOf<string>({
  kind: 'text',
  input: { type: ['string', 'null'], maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => String(sent ?? ''),
});

const digits = { type: ['integer', 'string'], pattern: '^-?[0-9]+$' } satisfies Json;
export const digitsOrNull = { type: ['integer', 'string', 'null'], pattern: '^-?[0-9]+$' } satisfies Json;

export const integer = attributeOf<number>({
  kind: 'number',
  input: digits,
  output: { type: 'integer' },
  parse: (sent, name, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Options<unknown>) => {
    if (sent === null) return undefined;
    const number = Number(sent);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw badRequest(
      `Invalid input for ${name}. Reason: '${sent}' must be a number from ${min} to ${max}.`,
      'HTTPBadRequest',
    );
  },
});

const flags = [true, false, 'true', 'false', 'True', 'False', 0, 1, '0', '1'];
/** Without null, which `boolean` takes for nothing. */
export const flag = { enum: flags };

export const boolean = attributeOf<boolean>({
  kind: 'flag',
  input: { enum: [...flags, null] },
  output: { type: 'boolean' },
  parse: (sent, name) => (sent === null ? undefined : truth(sent, name)),
});

export const choice = <const V extends string | number>(values: readonly V[]) =>
  attributeOf<V>({
    kind: typeof values[0] === 'number' ? 'number' : 'text',
    input: { enum: [...values] },
    parse: (sent) => values.find((each) => each === sent),
  });

export const ipVersion = attributeOf<4 | 6>({
  kind: 'number',
  input: { enum: [4, 6, '4', '6'] },
  output: { enum: [4, 6] },
  parse: (sent) => (Number(sent) === 6 ? 6 : 4),
});

/** Texts, of which only the length is checked here. */
export const texts = attributeOf<readonly string[]>({
  kind: 'json',
  input: ({ max = 1000 }) => ({ type: 'array', minItems: 1, maxItems: max, items: { type: 'string', maxLength: 64 } }),
  output: { type: 'array', items: { type: 'string' } },
  parse: (sent) => (Array.isArray(sent) ? sent.map(String) : undefined),
});

/** A list of objects or ids that the schema checks. Null stands for an empty one. */
export const list = <T>(items: Json, max?: number) =>
  attributeOf<readonly T[]>({
    kind: 'json',
    input: { type: ['array', 'null'], ...(max === undefined ? {} : { maxItems: max }), items },
    output: { type: 'array', items },
    parse: (sent) => (sent === null ? [] : (sent as readonly T[])),
  });

/** An object that the schema checks. */
export const record = <T extends object>(input: Json, output: Json) =>
  attributeOf<T>({ kind: 'json', input, output, parse: (sent) => (sent ?? {}) as T });

/** An attribute that this cloud leaves empty: clients may say so, and no row is found by another value. */
export const empty = attributeOf<null>({ kind: 'text', input: { type: 'null' }, parse: () => null });

/** The parts that its host refused, such as `route 10.9.0.0/16 via 10.7.0.9`; absent when it has all of it. */
export const refusedParts = { 'wattle:refused': texts({ column: 'refused', stored: false }) } as const;

/** The availability zones in which it is to be; each has a host. */
export const zoneHints = texts({
  set: create,
  default: [],
  input: { type: ['array', 'null'], uniqueItems: true, items: { type: 'string', maxLength: 255 } },
});

/** The text and the address of an item of a list. */
export const shortText = { type: 'string', maxLength: 64 } satisfies Json;
export const uuidSchema = { type: 'string', format: 'uuid' } satisfies Json;
export const itemOf = (properties: { [name: string]: Json }, required: string[] = []): Json => ({
  type: 'object',
  additionalProperties: false,
  ...(required.length > 0 ? { required } : {}),
  properties,
});

const project = { type: 'string', minLength: 1, maxLength: 64 } satisfies Json;
const time = attributeOf<number>({ kind: 'number', input: { type: 'string' }, parse: () => undefined });
const byTags = tagFilters(inColumn('tags'));

const identified = {
  id: text(listed),
  name: text({ set: both, default: '', ...listed, input: { type: 'string', maxLength: 255 } }),
  description: clearable({ set: both, default: '', ...listed }),
  tenant_id: text({ column: 'projectId', set: create, ...listed, input: project, output: { type: 'string' } }),
  project_id: text({ column: 'projectId', set: create, ...listed, input: project, output: { type: 'string' } }),
} as const;
const versioned = {
  created_at: time({ show: shortTime }),
  updated_at: time({ show: shortTime }),
  revision_number: integer({ column: 'revision', ...listed }),
} as const;

export const standard = {
  ...identified,
  tags: texts({ filter: byTags.tags }),
  'tags-any': texts({ column: null, hidden: true, filter: byTags['tags-any'] }),
  'not-tags': texts({ column: null, hidden: true, filter: byTags['not-tags'] }),
  'not-tags-any': texts({ column: null, hidden: true, filter: byTags['not-tags-any'] }),
  ...versioned,
} as const;

/** Of a resource without a description, tags, times and revision. */
export const unversioned = {
  ...identified,
  description: text({ hidden: true }),
  tags: texts({ hidden: true }),
  created_at: time({ hidden: true }),
  updated_at: time({ hidden: true }),
  revision_number: integer({ column: 'revision', hidden: true }),
} as const;

/** The same of a resource that clients cannot name. */
export const nameless = { ...standard, name: text({ hidden: true }) } as const;

/** The same of one that they cannot tag either. */
export const namelessUntagged = { ...identified, name: nameless.name, tags: texts({}), ...versioned } as const;
