/**
 * Parses a regular expression into a tree. Supported is what means the same to both databases, Python and JavaScript:
 * literals, `.`, classes (also `[[:alpha:]]`, `\d`), groups, `|`, `* + ?`, `{m,n}`, `^` and `$`. Throws RegexError for a
 * malformed pattern, and for what an automaton cannot match in linear time.
 */
export type Ranges = readonly (readonly [number, number])[];

export type Node =
  | { readonly type: 'set'; readonly ranges: Ranges }
  | { readonly type: 'start' | 'end' | 'empty' }
  | { readonly type: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly type: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };

/** A condition on what follows the beginning of the text: `^(?=.*[0-9])(?!admin)…`. */
export interface Condition {
  readonly tree: Node;
  readonly wanted: boolean;
}

export interface Syntax {
  readonly tree: Node;
  readonly conditions: readonly Condition[];
}

export class RegexError extends Error {}

interface Reader {
  readonly chars: readonly string[];
  at: number;
  depth: number;
  readonly ignoreCase: boolean;
}

const maxCodePoint = 0x10ffff;
const maxRepeat = 1000;
const maxDepth = 100;

export function readRegex(text: string, ignoreCase = false): Syntax {
  const flagged = text.startsWith('(?i)');
  const chars = [...(flagged ? text.slice(4) : text)];
  const reader: Reader = { chars, at: 0, depth: 0, ignoreCase: ignoreCase || flagged };
  const conditions = readConditions(reader);
  const tree = conditions.length > 0 ? readRest(reader) : readChoice(reader);
  if (reader.at < chars.length) throw new RegexError(`there is a ")" without a "(" at ${reader.at}`);
  return { tree, conditions };
}

const isLookahead = (reader: Reader) => ahead(reader, '(?=') || ahead(reader, '(?!');

/** Lookaheads right behind `^` are conditions on the whole text; anywhere else they are refused. */
function readConditions(reader: Reader): Condition[] {
  const conditions: Condition[] = [];
  if (!ahead(reader, '^(?=') && !ahead(reader, '^(?!')) return conditions;
  reader.at += 1;
  while (isLookahead(reader)) {
    const wanted = ahead(reader, '(?=');
    reader.at += 3;
    conditions.push({ tree: { type: 'sequence', parts: [{ type: 'start' }, readChoice(reader)] }, wanted });
    expect(reader, ')');
  }
  return conditions;
}

function readRest(reader: Reader): Node {
  const rest = readSequence(reader);
  if (reader.chars[reader.at] === '|')
    throw new RegexError('alternatives of a pattern with a lookahead stand in a group');
  return { type: 'sequence', parts: [{ type: 'start' }, rest] };
}

const ahead = ({ chars, at }: Reader, text: string): boolean => chars.slice(at, at + text.length).join('') === text;

function take(reader: Reader, char: string): boolean {
  if (reader.chars[reader.at] !== char) return false;
  reader.at += 1;
  return true;
}

function expect(reader: Reader, char: string): void {
  if (!take(reader, char)) throw new RegexError(`there is no "${char}" for what began before`);
}

function readChoice(reader: Reader): Node {
  reader.depth += 1;
  if (reader.depth > maxDepth) throw new RegexError(`groups are more than ${maxDepth} deep`);
  const parts = [readSequence(reader)];
  while (take(reader, '|')) parts.push(readSequence(reader));
  reader.depth -= 1;
  return parts.length === 1 ? (parts[0] as Node) : { type: 'choice', parts };
}

function readSequence(reader: Reader): Node {
  const parts: Node[] = [];
  for (let next = reader.chars[reader.at]; next !== undefined && next !== '|' && next !== ')'; ) {
    parts.push(readRepeated(reader));
    next = reader.chars[reader.at];
  }
  if (parts.length === 0) return { type: 'empty' };
  return parts.length === 1 ? (parts[0] as Node) : { type: 'sequence', parts };
}

function readRepeated(reader: Reader): Node {
  let part = readAtom(reader);
  for (let times = readTimes(reader); times; times = readTimes(reader)) {
    if (part.type === 'start' || part.type === 'end') throw new RegexError('an anchor cannot be repeated');
    part = { type: 'repeat', part, ...times };
    if (!take(reader, '?') && take(reader, '+')) throw new RegexError('possessive repeats are not supported');
  }
  return part;
}

/** A lazy `?` behind it changes what is matched first, not whether something matches. */
function readTimes(reader: Reader): { min: number; max: number } | undefined {
  if (take(reader, '*')) return { min: 0, max: Number.POSITIVE_INFINITY };
  if (take(reader, '+')) return { min: 1, max: Number.POSITIVE_INFINITY };
  if (take(reader, '?')) return { min: 0, max: 1 };
  if (reader.chars[reader.at] !== '{') return undefined;
  const end = reader.chars.indexOf('}', reader.at);
  const inside = end < 0 ? '' : reader.chars.slice(reader.at + 1, Math.min(end, reader.at + 12)).join('');
  const [, from, comma, to] = inside.match(/^(\d{1,5})(,)?(\d{1,5})?$/) ?? [];
  if (from === undefined) return undefined; // a brace that repeats nothing is a brace
  reader.at = end + 1;
  const min = Number(from);
  const max = to === undefined ? (comma ? Number.POSITIVE_INFINITY : min) : Number(to);
  if (max < min) throw new RegexError(`{${inside}} repeats fewer times than it must`);
  if (min > maxRepeat || (max > maxRepeat && Number.isFinite(max)))
    throw new RegexError(`{${inside}} repeats more than ${maxRepeat} times`);
  return { min, max };
}

const newline = 10;
const anything: Node = {
  type: 'set',
  ranges: [
    [0, newline - 1],
    [newline + 1, maxCodePoint],
  ],
};

function readAtom(reader: Reader): Node {
  const char = reader.chars[reader.at] as string;
  reader.at += 1;
  if (char === '(') return readGroup(reader);
  if (char === '[') return { type: 'set', ranges: folded(readClass(reader), reader) };
  if (char === '\\') return readEscape(reader);
  if (char === '.') return anything;
  if (char === '^') return { type: 'start' };
  if (char === '$') return { type: 'end' };
  if ('*+?'.includes(char)) throw new RegexError(`there is nothing that "${char}" could repeat`);
  return { type: 'set', ranges: folded([[pointOf(char), pointOf(char)]], reader) };
}

function readGroup(reader: Reader): Node {
  if (take(reader, '?')) readGroupHead(reader);
  const inside = readChoice(reader);
  expect(reader, ')');
  return inside;
}

function readGroupHead(reader: Reader): void {
  if (take(reader, ':')) return;
  const name = reader.chars
    .slice(reader.at, reader.at + 40)
    .join('')
    .match(/^P?<[A-Za-z_]\w*>/)?.[0];
  if (name === undefined) throw new RegexError('lookarounds and flags within are not supported');
  reader.at += name.length;
}

const pointOf = (char: string): number => char.codePointAt(0) as number;
/** Each pair of characters is a range. */
const pairs = (...texts: readonly string[]): Ranges =>
  texts.map((text) => [pointOf(text[0] ?? ''), pointOf(text[1] ?? '')] as const);
const digits = pairs('09');
const letters = pairs('AZ', 'az');
const wordChars = [...digits, ...letters, ...pairs('__')];
const spaces = pairs(
  '\t\r',
  '  ',
  '\u00a0\u00a0',
  '\u1680\u1680',
  '\u2000\u200a',
  '\u2028\u2029',
  '\u202f\u202f',
  '\u205f\u205f',
  '\u3000\u3000',
  '\ufeff\ufeff',
);
const shorthand = new Map<string, Ranges>([
  ['d', digits],
  ['w', wordChars],
  ['s', spaces],
]);
const controls = new Map([
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['f', 12],
  ['v', 11],
]);

function readEscape(reader: Reader): Node {
  const char = reader.chars[reader.at];
  if (char === 'A' || char === 'Z' || char === 'z') {
    reader.at += 1;
    return { type: char === 'A' ? 'start' : 'end' };
  }
  return { type: 'set', ranges: folded(readEscaped(reader), reader) };
}

/** What stands behind a backslash, in a class or outside. */
function readEscaped(reader: Reader): Ranges {
  const char = reader.chars[reader.at];
  if (char === undefined) throw new RegexError('it ends with a backslash');
  reader.at += 1;
  const named = shorthand.get(char.toLowerCase());
  if (named) return char === char.toLowerCase() ? named : inverted(named);
  if (char === 'x' || char === 'u') return readHex(reader, char === 'x' ? 2 : 4);
  const point = controls.get(char) ?? pointOf(char);
  if (!controls.has(char) && /[A-Za-z0-9]/.test(char)) throw new RegexError(`\\${char} is not supported`);
  return [[point, point]];
}

function readHex(reader: Reader, length: number): Ranges {
  const text = reader.chars.slice(reader.at, reader.at + length).join('');
  if (text.length < length || !/^[0-9a-fA-F]+$/.test(text)) throw new RegexError('a code is not hexadecimal');
  reader.at += length;
  return [[Number.parseInt(text, 16), Number.parseInt(text, 16)]];
}

const posix = new Map<string, Ranges>([
  ['alpha', letters],
  ['digit', digits],
  ['alnum', [...digits, ...letters]],
  ['upper', pairs('AZ')],
  ['lower', pairs('az')],
  ['space', pairs('\t\r', '  ')],
  ['blank', pairs('\t\t', '  ')],
  ['punct', pairs('!/', ':@', '[`', '{~')],
  ['xdigit', [...digits, ...pairs('AF', 'af')]],
]);

function readClass(reader: Reader): Ranges {
  const isInverted = take(reader, '^');
  const ranges: (readonly [number, number])[] = [];
  for (let first = true; first || reader.chars[reader.at] !== ']'; first = false) {
    if (reader.chars[reader.at] === undefined) throw new RegexError('a "[" is not closed');
    ranges.push(...readMember(reader));
  }
  reader.at += 1;
  return isInverted ? inverted(ranges) : ranges;
}

/** A character, a range, or the name of a class. */
function readMember(reader: Reader): Ranges {
  if (ahead(reader, '[:')) return readPosix(reader);
  const from = readEnd(reader);
  const next = reader.chars[reader.at + 1];
  if (from.length !== 1 || reader.chars[reader.at] !== '-' || next === undefined || next === ']') return from;
  reader.at += 1;
  const to = readEnd(reader);
  const [low, high] = [from[0]?.[0] as number, to[0]?.[1] as number];
  if (to.length !== 1 || high < low) throw new RegexError('a range of a class ends before it begins');
  return [[low, high]];
}

function readEnd(reader: Reader): Ranges {
  if (take(reader, '\\')) return take(reader, 'b') ? [[8, 8]] : readEscaped(reader);
  const point = pointOf(reader.chars[reader.at] as string);
  reader.at += 1;
  return [[point, point]];
}

function readPosix(reader: Reader): Ranges {
  const name =
    reader.chars
      .slice(reader.at + 2, reader.at + 12)
      .join('')
      .match(/^([a-z]+):\]/)?.[1] ?? '';
  const ranges = posix.get(name);
  if (!ranges) throw new RegexError('there is no such class of characters');
  reader.at += name.length + 4;
  return ranges;
}

export function inverted(ranges: Ranges): Ranges {
  const rest: [number, number][] = [];
  let from = 0;
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    if (low > from) rest.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= maxCodePoint) rest.push([from, maxCodePoint]);
  return rest;
}

/** Both cases of the Latin letters, and of single characters. */
function folded(ranges: Ranges, { ignoreCase }: Reader): Ranges {
  if (!ignoreCase) return ranges;
  return ranges.flatMap(([low, high]): Ranges => {
    const upper = clip(low, high, 65, 90).map(([from, to]): [number, number] => [from + 32, to + 32]);
    const lower = clip(low, high, 97, 122).map(([from, to]): [number, number] => [from - 32, to - 32]);
    const char = low === high && low > 127 ? String.fromCodePoint(low) : '';
    const others = [...char.toLowerCase(), ...char.toUpperCase()].map((each): [number, number] => [
      pointOf(each),
      pointOf(each),
    ]);
    return [[low, high], ...upper, ...lower, ...others];
  });
}

const clip = (low: number, high: number, from: number, to: number): [number, number][] =>
  high < from || low > to ? [] : [[Math.max(low, from), Math.min(high, to)]];
