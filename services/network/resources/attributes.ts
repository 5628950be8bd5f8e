/** The types of Neutron's attributes, and the attributes that every resource has. */
import type { Json } from '#shared/api/document.ts';
import { shortTime } from '#shared/api/times.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { attributeOf, type Options } from '#shared/resource/attribute.ts';
import { truth } from './values.ts';

/** Lists can be filtered and sorted by it. */
export const listed = { filter: true, sort: true } as const;
export const both = ['create', 'update'] as const;

export const text = attributeOf<string>({
  kind: 'text',
  input: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent)),
});

export const integer = attributeOf<number>({
  kind: 'number',
  input: { type: ['integer', 'string'], pattern: '^-?[0-9]+$' },
  output: { type: 'integer' },
  parse: (sent, name, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Options<unknown>) => {
    const number = Number(sent);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw badRequest(
      `Invalid input for ${name}. Reason: '${sent}' must be a number from ${min} to ${max}.`,
      'HTTPBadRequest',
    );
  },
});

export const boolean = attributeOf<boolean>({
  kind: 'flag',
  input: { enum: [true, false, 'true', 'false', 'True', 'False', 0, 1, '0', '1', null] },
  output: { type: 'boolean' },
  parse: truth,
});

export const choice = <const V extends string | number>(values: readonly V[]) =>
  attributeOf<V>({
    kind: typeof values[0] === 'number' ? 'number' : 'text',
    input: { enum: [...values] },
    parse: (sent) => values.find((each) => each === sent),
  });

/** Texts, of which only the length is checked here. */
export const texts = attributeOf<readonly string[]>({
  kind: 'json',
  input: ({ max = 1000 }) => ({ type: 'array', minItems: 1, maxItems: max, items: { type: 'string', maxLength: 64 } }),
  output: { type: 'array', items: { type: 'string' } },
  parse: (sent) => (Array.isArray(sent) ? sent.map(String) : undefined),
});

/** An attribute that this cloud leaves empty: clients may say so, and no row is found by another value. */
export const empty = attributeOf<null>({ kind: 'text', input: { type: 'null' }, parse: () => null });

const project = { type: 'string', minLength: 1, maxLength: 64 } satisfies Json;
const time = attributeOf<number>({ kind: 'number', input: { type: 'string' }, parse: () => undefined });

export const standard = {
  id: text(listed),
  name: text({ set: both, default: '', ...listed, input: { type: 'string', maxLength: 255 } }),
  description: text({
    set: both,
    default: '',
    ...listed,
    input: { type: ['string', 'null'], maxLength: 255 },
    output: { type: 'string' },
  }),
  tenant_id: text({ column: 'projectId', set: ['create'], ...listed, input: project, output: { type: 'string' } }),
  project_id: text({ column: 'projectId', set: ['create'], ...listed, input: project, output: { type: 'string' } }),
  tags: texts({}),
  created_at: time({ show: shortTime }),
  updated_at: time({ show: shortTime }),
  revision_number: integer({ column: 'revision', ...listed }),
} as const;
