/** The types of Nova's attributes. Clients send numbers and flags as text too. */
import type { Json } from '#shared/api/document.ts';
import { attributeOf } from '#shared/resource/attribute.ts';

/** A name of one line, without outer blanks. */
export const nameSchema: Json = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\s\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]*[^\\s\\p{C}\\p{Z}])?$',
};

/** The words that Nova's schemas of actions take for a truth value. */
export const booleanSchema = {
  enum: [true, false, 'True', 'False', 'true', 'false', 'TRUE', 'FALSE', '1', '0', 'on', 'off', 'yes', 'no'],
};

/** Metadata of servers and images. */
export const pairsSchema = {
  type: 'object',
  additionalProperties: false,
  patternProperties: { '^[a-zA-Z0-9-_:. ]{1,255}$': { type: 'string', maxLength: 255 } },
};

export const text = attributeOf<string>({
  kind: 'text',
  input: { type: 'string', minLength: 1, maxLength: 255 },
  output: { type: 'string' },
  parse: (sent) => (sent === null ? undefined : String(sent).trim()),
});

/** A whole number from 0 on; an empty text is 0. */
export const size = attributeOf<number>({
  kind: 'number',
  input: {
    anyOf: [
      { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
      { type: 'string', pattern: '^[0-9]*$' },
    ],
  },
  output: { type: 'integer' },
  parse: Number,
});

export const ratio = attributeOf<number>({
  kind: 'number',
  input: { type: ['number', 'string'], pattern: '^[0-9]+(\\.[0-9]+)?$', exclusiveMinimum: 0 },
  output: { type: 'number' },
  parse: Number,
});

const falseWords = /^(false|0|off|no|f|n)$/i;

export const flag = attributeOf<boolean>({
  kind: 'flag',
  input: { type: ['boolean', 'string'] },
  output: { type: 'boolean' },
  parse: (sent) => !falseWords.test(String(sent)),
});

export const time = attributeOf<number>({ kind: 'number', input: { type: 'string' }, parse: () => undefined });

/** A list of names, which clients do not set. */
export const names = attributeOf<readonly string[]>({
  kind: 'json',
  input: { type: 'array', items: { type: 'string' } },
  parse: () => undefined,
});

export const texts = attributeOf<Readonly<Record<string, string>>>({
  kind: 'json',
  input: { type: 'object', additionalProperties: { type: 'string' } },
  parse: () => undefined,
});
