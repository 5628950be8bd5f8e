/**
 * The rule language of oslo.policy: `role:admin or (role:member and project_id:%(project_id)s)`, compiled to a function.
 * - **credentials**: attributes of the caller, on the left of a comparison;
 * - **target**: attributes of the resource, in `%(name)s` on the right;
 * - **check**: a compiled rule.
 */
export type Credentials = Readonly<Record<string, unknown>>;
export type Target = Readonly<Record<string, unknown>>;
export type Check = (caller: Credentials, target: Target) => boolean;
/** Finds the check that `rule:name` refers to. */
export type Lookup = (rule: string) => Check | undefined;

/** Throws an Error for a syntax error. A reference to a rule that does not exist is false. */
export function compileRule(text: string, lookup: Lookup): Check {
  const tokens = text.match(/\(|\)|(?:'[^']*'|"[^"]*"|%\([^)]*\)s|[^\s()])+/g) ?? [];
  if (tokens.length === 0) return () => true;
  const parser = { tokens, at: 0, lookup, text };
  const check = parseOr(parser);
  if (parser.at < tokens.length) throw new Error(`The rule "${text}" has a syntax error at "${tokens[parser.at]}".`);
  return check;
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
  readonly lookup: Lookup;
  readonly text: string;
}

const accept = (parser: Parser, token: string): boolean => {
  if (parser.tokens[parser.at]?.toLowerCase() !== token) return false;
  parser.at += 1;
  return true;
};

function parseOr(parser: Parser): Check {
  const checks = [parseAnd(parser)];
  while (accept(parser, 'or')) checks.push(parseAnd(parser));
  return checks.length === 1 ? (checks[0] as Check) : (caller, target) => checks.some((check) => check(caller, target));
}

function parseAnd(parser: Parser): Check {
  const checks = [parseUnary(parser)];
  while (accept(parser, 'and')) checks.push(parseUnary(parser));
  return checks.length === 1
    ? (checks[0] as Check)
    : (caller, target) => checks.every((check) => check(caller, target));
}

function parseUnary(parser: Parser): Check {
  if (accept(parser, 'not')) {
    const check = parseUnary(parser);
    return (caller, target) => !check(caller, target);
  }
  if (accept(parser, '(')) {
    const check = parseOr(parser);
    if (!accept(parser, ')')) throw new Error(`The rule "${parser.text}" lacks a ")".`);
    return check;
  }
  const token = parser.tokens[parser.at] ?? '';
  parser.at += 1;
  return parseCheck(token, parser);
}

function parseCheck(token: string, { lookup, text }: Parser): Check {
  if (token === '@') return () => true;
  if (token === '!') return () => false;
  const colon = token.search(/:(?![^']*'$)/);
  if (colon < 0) throw new Error(`The rule "${text}" has a syntax error at "${token}".`);
  const [left, right] = [token.slice(0, colon), token.slice(colon + 1)];
  if (left === 'rule') return (caller, target) => lookup(right)?.(caller, target) ?? false;
  if (left === 'role')
    return (caller) => (caller.roles as readonly string[]).some((role) => role.toLowerCase() === right.toLowerCase());
  return compare(left, right);
}

/** Compares an attribute of the caller, or a literal, on the left with a literal or an attribute of the target on the right. */
function compare(left: string, right: string): Check {
  const name = right.match(/^%\((.*)\)s$/)?.[1];
  const literal = left.match(/^['"](.*)['"]$/)?.[1] ?? (/^(True|False|None)$/.test(left) ? left : undefined);
  return (caller, target) => {
    if (name !== undefined && !(name in target)) return false;
    const wanted = name === undefined ? right : asPythonText(target[name]);
    const found = literal ?? valueAt(caller, left.split('.'));
    return Array.isArray(found)
      ? found.some((each) => asPythonText(each) === wanted)
      : found !== undefined && asPythonText(found) === wanted;
  };
}

/** Rules have the literals of Python: True, False, None. */
const asPythonText = (value: unknown): string => {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null || value === undefined ? 'None' : String(value);
};

const valueAt = (from: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Credentials)[key] : undefined),
    from,
  );
