/** Evaluates a mapping: all rules whose remote part matches the assertion. */
import { badRequest, unauthorized } from '#shared/errors/fault.ts';
import {
  appliesRuleDomain,
  type DomainName,
  type GroupName,
  type LocalRule,
  type MappedProject,
  type MappedUser,
  type RemoteRule,
  type Rule,
  toPattern,
} from './rules.ts';

/** Attributes with their values. */
export type Assertion = Readonly<Record<string, readonly string[]>>;

export interface Mapped {
  readonly user: MappedUser;
  readonly groupIds: readonly string[];
  readonly groupNames: readonly GroupName[];
  readonly projects: readonly MappedProject[];
}

export interface Rules {
  readonly rules: readonly Rule[];
  readonly schemaVersion: string;
}

/** Undefined when no rule matches; the login is then refused. */
export function mapped({ rules, schemaVersion }: Rules, assertion: Assertion): Mapped | undefined {
  const results = rules.flatMap((rule) => resultsOf(rule, assertion));
  const last = results.at(-1);
  if (!last) return undefined;
  const [user = {}] = results.flatMap((each) => (each.user && Object.keys(each.user).length > 0 ? [each.user] : []));
  // of several users the first is used, of several lists of projects the last
  const { projects = [], domain } = results.findLast((each) => each.projects) ?? {};
  const applies = appliesRuleDomain(schemaVersion);
  return {
    user: applies ? within(user, last.domain) : user,
    groupIds: [...new Set(results.flatMap(({ groupIds }) => groupIds))],
    groupNames: results.flatMap(({ groupNames }) => groupNames),
    projects: applies ? projects.map((each) => within(each, domain)) : projects,
  };
}

const within = <T extends { readonly domain?: DomainName }>(thing: T, domain: DomainName | undefined): T =>
  thing.domain || !domain ? thing : { ...thing, domain };

interface RuleResult {
  readonly user?: MappedUser;
  readonly groupIds: readonly string[];
  readonly groupNames: readonly GroupName[];
  readonly projects?: readonly MappedProject[];
  readonly domain?: DomainName;
}

type Direct = readonly (readonly string[])[];

function resultsOf({ local, remote }: Rule, assertion: Assertion): RuleResult[] {
  const direct = directOf(remote, assertion);
  return direct ? local.map((each) => resultOf(each, direct)) : [];
}

/**
 * The values of `{0}`, `{1}` …: one list per remote rule without a condition. Undefined where a remote rule does not
 * match.
 */
function directOf(remote: readonly RemoteRule[], assertion: Assertion): Direct | undefined {
  const direct: (readonly string[])[] = [];
  for (const rule of remote) {
    const values = Object.hasOwn(assertion, rule.type) ? (assertion[rule.type] ?? []) : [];
    if (values.length === 0) return undefined;
    const { any_one_of: wanted, not_any_of: unwanted } = rule;
    const matches = matcher(rule);
    if (wanted && !values.some((value) => matches(value, wanted))) return undefined;
    if (unwanted && values.some((value) => matches(value, unwanted))) return undefined;
    if (!wanted && !unwanted) direct.push(selectValues(values, rule));
  }
  return direct;
}

type Matcher = (value: string, list: readonly string[]) => boolean;

const matcher =
  ({ regex }: RemoteRule): Matcher =>
  (value, list) =>
    regex ? list.some((each) => toPattern(each).test(value)) : list.includes(value);

function selectValues(values: readonly string[], rule: RemoteRule): readonly string[] {
  const { whitelist, blacklist } = rule;
  const matches = matcher(rule);
  const allowed = whitelist ? values.filter((value) => matches(value, whitelist)) : values;
  return blacklist ? allowed.filter((value) => !matches(value, blacklist)) : allowed;
}

function resultOf(
  { groups, group_ids: groupIds, projects_json: asJson, ...rest }: LocalRule,
  direct: Direct,
): RuleResult {
  const { user, group, domain, projects } = filled(rest, direct);
  const owner = domain ? { domain } : {};
  return {
    ...(user ? { user } : {}),
    ...owner,
    groupIds: [...(group?.id === undefined ? [] : [group.id]), ...listOf(groupIds, direct)],
    groupNames: [
      ...(group && group.id === undefined ? [group] : []),
      ...listOf(groups, direct).map((name) => groupNamed(name, domain)),
    ],
    ...(projects || asJson !== undefined ? { projects: [...(projects ?? []), ...projectsOf(asJson, direct)] } : {}),
  };
}

/** Another Keystone sends groups as `JSON:{"name": …, "domain": {"name": …}}`. */
function groupNamed(text: string, domain: DomainName | undefined): GroupName {
  const group = text.startsWith('JSON:')
    ? parseJson<GroupName>(text.slice(5))
    : { name: text, ...(domain ? { domain } : {}) };
  if (group?.name === undefined || !group.domain)
    throw unauthorized("Invalid rule: both 'groups' and 'domain' keywords must be specified.");
  return group;
}

function projectsOf(text: string | undefined, direct: Direct): readonly MappedProject[] {
  if (text === undefined) return [];
  const at = text.match(/^\{?(\d+)\}?$/)?.[1];
  const found = parseJson<readonly MappedProject[]>(direct[Number(at)]?.join(';') ?? '');
  const isProject = ({ name, roles }: MappedProject) =>
    typeof name === 'string' && Array.isArray(roles) && roles.every((role) => typeof role?.name === 'string');
  if (Array.isArray(found) && found.every((each) => each !== null && isProject(each))) return found;
  throw unauthorized('The identity provider sends projects that are no JSON list of {name, roles}.');
}

function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** Replaces `{n}` in all texts of a local rule. */
function filled<T>(node: T, direct: Direct): T {
  if (typeof node === 'string') return filledText(node, direct) as T;
  if (Array.isArray(node)) return node.map((each) => filled(each, direct)) as T;
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, filled(value, direct)])) as T;
}

/** Several values in one text are written as a Python list. */
const filledText = (text: string, direct: Direct): string =>
  text.replace(/\{(\d+)\}/g, (_match, at: string) => {
    const values = valuesAt(direct, at);
    if (values.length === 0) return '';
    return values.length === 1 ? (values[0] ?? '') : `[${values.map((each) => `'${each}'`).join(', ')}]`;
  });

function valuesAt(direct: Direct, at: string): readonly string[] {
  const values = direct[Number(at)];
  if (values === undefined) throw badRequest(`The mapping names {${at}}, and the assertion has no such value.`);
  return values;
}

function listOf(text: string | undefined, direct: Direct): readonly string[] {
  if (text === undefined) return [];
  const [, at] = text.match(/^\{(\d+)\}$/) ?? [];
  if (at === undefined) return literalList(filledText(text, direct));
  const values = valuesAt(direct, at);
  return values.length === 1 ? literalList(values[0] ?? '') : values;
}

/** Parses `["a", 'b']`, as some providers send several values in one; any other text is one value. */
function literalList(text: string): string[] {
  return elementsOf(text.trim()) ?? (text === '' ? [] : [text]);
}

/** Undefined where it is not a list of quoted texts. Linear in the length of the text. */
function elementsOf(text: string): string[] | undefined {
  const elements: string[] = [];
  const skipSpace = (from: number) => {
    let next = from;
    while (text[next] === ' ' || text[next] === '\t' || text[next] === '\n' || text[next] === '\r') next += 1;
    return next;
  };
  if (!text.startsWith('[')) return undefined;
  let at = skipSpace(1);
  while (text[at] === "'" || text[at] === '"') {
    const end = endOfQuoted(text, at);
    if (end === undefined) return undefined;
    elements.push(text.slice(at + 1, end).replace(/\\(.)/gs, '$1'));
    at = skipSpace(end + 1);
    if (text[at] !== ',') break;
    at = skipSpace(at + 1);
  }
  if (elements.length === 0 && text[at] === ',') at = skipSpace(at + 1);
  return text.slice(at) === ']' ? elements : undefined;
}

function endOfQuoted(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === text[from]) return at;
    if (text[at] === '\\') at += 1;
  }
  return undefined;
}
