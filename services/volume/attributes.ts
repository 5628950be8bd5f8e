/** The types of Cinder's attributes. */
import { attributeOf } from '#shared/resource/attribute.ts';
import { isTrue } from './listing/values.ts';

/** Null stands for nothing unless the attribute is nullable. */
export const text = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent)),
});

export const flag = attributeOf<boolean>({
  kind: 'flag',
  input: { type: ['boolean', 'string'] },
  output: { type: 'boolean' },
  parse: isTrue,
});

export const time = attributeOf<number>({ kind: 'number', input: { type: 'string' }, parse: () => undefined });

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
});

export const empty = attributeOf<null>({ kind: 'text', input: { type: 'null' }, parse: () => null });
