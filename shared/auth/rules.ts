/** The rule language of oslo.policy: `role:admin or (role:member and project_id:%(project_id)s)`, compiled once. */
export type Credentials = Readonly<Record<string, unknown>>;
export type Target = Readonly<Record<string, unknown>>;
export type Check = (caller: Credentials, target: Target) => boolean;
/** Finds the check that a `rule:` refers to. */
export type Lookup = (rule: string) => Check | undefined;

export function compileRule(text: string, lookup: Lookup): Check {
  const words = text.match(/\(|\)|(?:'[^']*'|"[^"]*"|%\([^)]*\)s|[^\s()])+/g) ?? [];
  if (words.length === 0) return () => true;
  const parser = { words, at: 0, lookup, text };
  const check = either(parser);
  if (parser.at < words.length) throw new Error(`The rule "${text}" is not understood at "${words[parser.at]}".`);
  return check;
}

interface Parser {
  readonly words: readonly string[];
  at: number;
  readonly lookup: Lookup;
  readonly text: string;
}

const next = (parser: Parser, word: string): boolean => {
  if (parser.words[parser.at]?.toLowerCase() !== word) return false;
  parser.at += 1;
  return true;
};

function either(parser: Parser): Check {
  const checks = [both(parser)];
  while (next(parser, 'or')) checks.push(both(parser));
  return checks.length === 1 ? (checks[0] as Check) : (caller, target) => checks.some((check) => check(caller, target));
}

function both(parser: Parser): Check {
  const checks = [one(parser)];
  while (next(parser, 'and')) checks.push(one(parser));
  return checks.length === 1
    ? (checks[0] as Check)
    : (caller, target) => checks.every((check) => check(caller, target));
}

function one(parser: Parser): Check {
  if (next(parser, 'not')) {
    const check = one(parser);
    return (caller, target) => !check(caller, target);
  }
  if (next(parser, '(')) {
    const check = either(parser);
    if (!next(parser, ')')) throw new Error(`The rule "${parser.text}" lacks a ")".`);
    return check;
  }
  const word = parser.words[parser.at] ?? '';
  parser.at += 1;
  return simple(word, parser);
}

function simple(word: string, { lookup, text }: Parser): Check {
  if (word === '@') return () => true;
  if (word === '!') return () => false;
  const colon = word.search(/:(?![^']*'$)/);
  if (colon < 0) throw new Error(`The rule "${text}" is not understood at "${word}".`);
  const [left, right] = [word.slice(0, colon), word.slice(colon + 1)];
  if (left === 'rule') return (caller, target) => lookup(right)?.(caller, target) ?? false;
  if (left === 'role')
    return (caller) => (caller.roles as readonly string[]).some((role) => role.toLowerCase() === right.toLowerCase());
  return compare(left, right);
}

/** What the caller is on the left, a word or a thing's attribute on the right. */
function compare(left: string, right: string): Check {
  const name = right.match(/^%\((.*)\)s$/)?.[1];
  const literal = left.match(/^['"](.*)['"]$/)?.[1] ?? (/^(True|False|None)$/.test(left) ? left : undefined);
  return (caller, target) => {
    if (name !== undefined && !(name in target)) return false;
    const wanted = name === undefined ? right : spelled(target[name]);
    const found = literal ?? dig(caller, left.split('.'));
    return Array.isArray(found)
      ? found.some((each) => spelled(each) === wanted)
      : found !== undefined && spelled(found) === wanted;
  };
}

/** As Python spells them, for the rules do. */
const spelled = (value: unknown): string => {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null || value === undefined ? 'None' : String(value);
};

const dig = (from: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Credentials)[key] : undefined),
    from,
  );
