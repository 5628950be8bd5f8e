/** From what a provider asserts of somebody to who they are here: all rules whose remote part fits, together. */
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

/** Each attribute with its values. */
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

/** Undefined when no rule fits: then nobody is let in. */
export function mapped({ rules, schemaVersion }: Rules, assertion: Assertion): Mapped | undefined {
  const said = rules.flatMap((rule) => localsOf(rule, assertion));
  const last = said.at(-1);
  if (!last) return undefined;
  const [user = {}] = said.flatMap((each) => (each.user && Object.keys(each.user).length > 0 ? [each.user] : []));
  // of several users the first counts, of several lists of projects the last
  const { projects = [], domain } = said.findLast((each) => each.projects) ?? {};
  const honours = appliesRuleDomain(schemaVersion);
  return {
    user: honours ? within(user, last.domain) : user,
    groupIds: [...new Set(said.flatMap(({ groupIds }) => groupIds))],
    groupNames: said.flatMap(({ groupNames }) => groupNames),
    projects: honours ? projects.map((each) => within(each, domain)) : projects,
  };
}

const within = <T extends { readonly domain?: DomainName }>(thing: T, domain: DomainName | undefined): T =>
  thing.domain || !domain ? thing : { ...thing, domain };

interface Stated {
  readonly user?: MappedUser;
  readonly groupIds: readonly string[];
  readonly groupNames: readonly GroupName[];
  readonly projects?: readonly MappedProject[];
  readonly domain?: DomainName;
}

type Direct = readonly (readonly string[])[];

function localsOf({ local, remote }: Rule, assertion: Assertion): Stated[] {
  const direct = directOf(remote, assertion);
  return direct ? local.map((each) => statedBy(each, direct)) : [];
}

/** The values that `{0}`, `{1}` mean, one list a remote rule that only picks; undefined where one does not fit. */
function directOf(remote: readonly RemoteRule[], assertion: Assertion): Direct | undefined {
  const direct: (readonly string[])[] = [];
  for (const rule of remote) {
    const values = Object.hasOwn(assertion, rule.type) ? (assertion[rule.type] ?? []) : [];
    if (values.length === 0) return undefined;
    const { any_one_of: wanted, not_any_of: unwanted } = rule;
    const fits = matcher(rule);
    if (wanted && !values.some((value) => fits(value, wanted))) return undefined;
    if (unwanted && values.some((value) => fits(value, unwanted))) return undefined;
    if (!wanted && !unwanted) direct.push(picked(values, rule));
  }
  return direct;
}

type Matcher = (value: string, list: readonly string[]) => boolean;

const matcher =
  ({ regex }: RemoteRule): Matcher =>
  (value, list) =>
    regex ? list.some((each) => toPattern(each).test(value)) : list.includes(value);

function picked(values: readonly string[], rule: RemoteRule): readonly string[] {
  const { whitelist, blacklist } = rule;
  const fits = matcher(rule);
  const allowed = whitelist ? values.filter((value) => fits(value, whitelist)) : values;
  return blacklist ? allowed.filter((value) => !fits(value, blacklist)) : allowed;
}

function statedBy({ groups, group_ids: groupIds, projects_json: asJson, ...rest }: LocalRule, direct: Direct): Stated {
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
    ? parsed<GroupName>(text.slice(5))
    : { name: text, ...(domain ? { domain } : {}) };
  if (group?.name === undefined || !group.domain)
    throw unauthorized("Invalid rule: both 'groups' and 'domain' keywords must be specified.");
  return group;
}

function projectsOf(text: string | undefined, direct: Direct): readonly MappedProject[] {
  if (text === undefined) return [];
  const at = text.match(/^\{?(\d+)\}?$/)?.[1];
  const found = parsed<readonly MappedProject[]>(direct[Number(at)]?.join(';') ?? '');
  const isProject = ({ name, roles }: MappedProject) =>
    typeof name === 'string' && Array.isArray(roles) && roles.every((role) => typeof role?.name === 'string');
  if (Array.isArray(found) && found.every((each) => each !== null && isProject(each))) return found;
  throw unauthorized('The identity provider sends projects that are no JSON list of {name, roles}.');
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** The same tree, with the values of the assertion in all its texts. */
function filled<T>(node: T, direct: Direct): T {
  if (typeof node === 'string') return filledText(node, direct) as T;
  if (Array.isArray(node)) return node.map((each) => filled(each, direct)) as T;
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, filled(value, direct)])) as T;
}

/** Several values within a text are spelled as Python spells a list. */
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

/** `["a", 'b']`, as some providers send several values in one; any other text is one value. */
function literalList(text: string): string[] {
  return elementsOf(text.trim()) ?? (text === '' ? [] : [text]);
}

/** Undefined where it is no list of quoted texts. Read from left to right, each character once. */
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
