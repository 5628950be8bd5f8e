/** The types of Keystone's attributes. */
import type { Json } from '#shared/api/document.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import { formatTimestamp, parseTimestamp } from './values.ts';

export const both = ['create', 'update'] as const;

type Tree = Readonly<Record<string, unknown>>;

/** Where null may be sent for a column without null, it is the empty text. */
export const text = attributeOf<string>({
  kind: 'text',
  input: { type: 'string' },
  parse: (sent) => (sent === null ? '' : String(sent)),
});
export const textOrNull: Json = { type: ['string', 'null'] };
/** The id of another resource. */
export const reference: Json = { type: 'string', maxLength: 64 };

/** Some text that is not only spaces. */
export const someText = (maxLength: number): Json => ({ type: 'string', minLength: 1, maxLength, pattern: '\\S' });

/** A name of a limited length with at least one character that is not a space; spaces around it are dropped. */
export const named = attributeOf<string>({
  kind: 'text',
  input: ({ max = 255 }) => someText(max),
  output: { type: 'string' },
  parse: (sent) => String(sent).trim(),
});

export const flag = attributeOf<boolean>({ kind: 'flag', input: { type: 'boolean' }, parse: (sent) => sent === true });
export const integer = attributeOf<number>({
  kind: 'number',
  input: { type: 'integer' },
  parse: (sent) => (sent === null ? undefined : Number(sent)),
});
/** Milliseconds; `show` says how clients see them. */
export const time = attributeOf<number>({ kind: 'number', input: { type: 'string' }, parse: () => undefined });

export const texts = attributeOf<readonly string[]>({
  kind: 'json',
  input: { type: 'array', items: { type: 'string' } },
  parse: (sent) => (Array.isArray(sent) ? sent.map(String) : []),
});
export const object = attributeOf<Tree>({
  kind: 'json',
  input: { type: 'object' },
  parse: (sent) => (sent ?? {}) as Tree,
});

/** What clients send that Keystone does not know: kept, and shown beside the attributes. */
export const extra = object({ hidden: true });

/** A point in time that clients write and see in ISO 8601; null for never. */
export const timestamp = attributeOf<number>({
  kind: 'number',
  input: { type: 'string' },
  parse: (sent, name) => parseTimestamp(String(sent), name) ?? undefined,
});
export const timestampView = (at: number | null): string | null => (at === null ? null : formatTimestamp(at));
