/**
 * The rule language of oslo.policy: `role:admin or (role:member and project_id:%(project_id)s)`.
 * - **credentials**: attributes of the caller, on the left of a comparison;
 * - **target**: attributes of the resource, in `%(name)s` on the right;
 * - **condition**: what remains of a rule when the caller is known. It is matched with one target, or becomes the WHERE of a list.
 */
import type { Condition } from '#shared/db/condition.ts';

export type Credentials = Readonly<Record<string, unknown>>;
export type Target = Readonly<Record<string, unknown>>;
export type Check = (caller: Credentials) => Condition;
/** The check that `rule:name` refers to. */
export type Lookup = (rule: string) => Check;

export interface Rule {
  readonly check: Check;
  /** The names of rules, and of attributes of the target, in the text. */
  readonly refersTo: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
}

/** Throws an Error for a syntax error. */
export function compileRule(text: string, lookup: Lookup): Rule {
  const tokens = text.match(/\(|\)|(?:'[^']*'|"[^"]*"|%\([^)]*\)s|[^\s()])+/g) ?? [];
  const parser: Parser = { tokens, at: 0, lookup, text, refersTo: new Set(), attributes: new Set() };
  if (tokens.length === 0) return { ...parser, check: () => true };
  const check = parseOr(parser);
  if (parser.at < tokens.length) throw new Error(`The rule "${text}" has a syntax error at "${tokens[parser.at]}".`);
  return { ...parser, check };
}

/** Whether a target fulfils the condition. An attribute that the target does not have is equal to nothing. */
export function matches(condition: Condition, target: Target): boolean {
  if (typeof condition === 'boolean') return condition;
  if ('not' in condition) return !matches(condition.not, target);
  if ('all' in condition) return condition.all.every((each) => matches(each, target));
  if ('any' in condition) return condition.any.some((each) => matches(each, target));
  return condition.attribute in target && condition.values.includes(asPythonText(target[condition.attribute]));
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
  readonly lookup: Lookup;
  readonly text: string;
  readonly refersTo: Set<string>;
  readonly attributes: Set<string>;
}

const accept = (parser: Parser, token: string): boolean => {
  if (parser.tokens[parser.at]?.toLowerCase() !== token) return false;
  parser.at += 1;
  return true;
};

function parseOr(parser: Parser): Check {
  const checks = [parseAnd(parser)];
  while (accept(parser, 'or')) checks.push(parseAnd(parser));
  return checks.length === 1 ? (checks[0] as Check) : (caller) => join(checks, caller, 'any');
}

function parseAnd(parser: Parser): Check {
  const checks = [parseUnary(parser)];
  while (accept(parser, 'and')) checks.push(parseUnary(parser));
  return checks.length === 1 ? (checks[0] as Check) : (caller) => join(checks, caller, 'all');
}

/** Evaluates in order, until one decides. */
function join(checks: readonly Check[], caller: Credentials, how: 'all' | 'any'): Condition {
  const decisive = how === 'any';
  const open: Condition[] = [];
  for (const check of checks) {
    const condition = check(caller);
    if (condition === decisive) return decisive;
    if (typeof condition !== 'boolean') open.push(condition);
  }
  const [first, second] = open;
  if (first === undefined) return !decisive;
  if (second === undefined) return first;
  return decisive ? { any: open } : { all: open };
}

function parseUnary(parser: Parser): Check {
  if (accept(parser, 'not')) {
    const check = parseUnary(parser);
    return (caller) => negate(check(caller));
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

const negate = (condition: Condition): Condition => (typeof condition === 'boolean' ? !condition : { not: condition });

/** Checks of oslo.policy that ask another server. */
const unsupported = new Set(['http', 'https']);

function parseCheck(token: string, parser: Parser): Check {
  if (token === '@') return () => true;
  if (token === '!') return () => false;
  const colon = token.search(/:(?![^']*'$)/);
  if (colon < 0) throw new Error(`The rule "${parser.text}" has a syntax error at "${token}".`);
  const [left, right] = [token.slice(0, colon), token.slice(colon + 1)];
  if (unsupported.has(left)) throw new Error(`The rule "${parser.text}" has a check of the kind ${left}: unsupported.`);
  if (left === 'rule') {
    parser.refersTo.add(right);
    return (caller) => parser.lookup(right)(caller);
  }
  if (left === 'role')
    return (caller) => (caller.roles as readonly string[]).some((role) => role.toLowerCase() === right.toLowerCase());
  return left === 'field' ? compareField(right, parser) : compare(left, right, parser);
}

/** Neutron's `field:networks:shared=True`: an attribute of the target is equal to the value. A pattern is `false`. */
function compareField(text: string, { attributes }: Parser): Check {
  const [, attribute = '', value = ''] = text.match(/^[^:]+:([^=]+)=(.*)$/) ?? [];
  attributes.add(attribute);
  return () => !value.startsWith('~') && { attribute, values: [value] };
}

/** Compares an attribute of the caller, or a literal, on the left with a literal or an attribute of the target on the right. */
function compare(left: string, right: string, { attributes }: Parser): Check {
  const attribute = right.match(/^%\((.*)\)s$/)?.[1];
  const literal = left.match(/^['"](.*)['"]$/)?.[1] ?? (/^(True|False|None)$/.test(left) ? left : undefined);
  const path = left.split('.');
  const valuesOf = (caller: Credentials) => (literal === undefined ? textsOf(valueAt(caller, path)) : [literal]);
  if (attribute === undefined) return (caller) => valuesOf(caller).includes(right);
  attributes.add(attribute);
  return (caller) => {
    const values = valuesOf(caller);
    return values.length > 0 && { attribute, values };
  };
}

const textsOf = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(asPythonText));

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
