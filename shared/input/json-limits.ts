/**
 * Limits of a JSON body, checked before it is parsed: each level of nesting costs stack, each value costs time wherever the
 * body is processed.
 */
import { badRequest } from '#shared/errors/fault.ts';

export const mostLevels = 64;
export const mostValues = 50_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** `[` and `{` differ in this bit, as do `]` and `}`. */
const curly = 0x20;
const opening = 0x7b;
const closing = 0x7d;

/** Throws 400 naming the limit. Takes linear time for any bytes; what is not JSON is refused by the parser afterwards. */
export function refuseHugeJson(raw: Buffer): void {
  let [level, values] = [0, 1];
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at] as number;
    if (byte === quote) at = endOfText(raw, at);
    else if (byte === comma) values += 1;
    else if ((byte | curly) === closing) level -= 1;
    else if ((byte | curly) === opening) {
      level += 1;
      if (level > mostLevels) throw badRequest(`The body is nested more than ${mostLevels} levels deep.`);
    }
  }
  if (values > mostValues) throw badRequest(`The body has more than ${mostValues} values.`);
}

/** The index of the quote that ends the string beginning at `from`. */
function endOfText(raw: Buffer, from: number): number {
  let at = from + 1;
  while (at < raw.length && raw[at] !== quote) at += raw[at] === backslash ? 2 : 1;
  return at;
}

/**
 * Throws 400 for a key `__proto__`, which would change the prototype of copies of the object, and for half a surrogate pair
 * (`"\ud800"`), which no database can store.
 */
export function refuseOddTexts(text: string, value: unknown): void {
  if (!text.includes('__proto__') && !text.includes('\\u')) return;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const each = open.pop();
    if (typeof each === 'string' && !each.isWellFormed()) throw badRequest('The body has half of a surrogate pair.');
    if (each === null || typeof each !== 'object') continue;
    if (Object.hasOwn(each, '__proto__')) throw badRequest("'__proto__' cannot be a key of the body.");
    for (const [key, inner] of Object.entries(each)) open.push(key, inner);
  }
}
