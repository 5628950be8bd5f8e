/** The rules of a mapping, and which of them can mean anything. */
import { badRequest } from '#shared/errors/fault.ts';
import { type LinearRegex, linearRegex, RegexError } from '#shared/input/linear-regex.ts';

export interface DomainName {
  readonly id?: string;
  readonly name?: string;
}
export interface GroupName {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: DomainName;
}
export interface MappedUser extends GroupName {
  readonly email?: string;
  /** `local`: one of ours already; otherwise made at first sight. */
  readonly type?: string;
}
/** A project that is made where it is missing, and the roles that the user gets there. */
export interface MappedProject {
  readonly name: string;
  readonly domain?: DomainName;
  readonly roles: readonly { readonly name: string }[];
}
export interface RemoteRule {
  readonly type: string;
  readonly any_one_of?: readonly string[];
  readonly not_any_of?: readonly string[];
  readonly whitelist?: readonly string[];
  readonly blacklist?: readonly string[];
  readonly regex?: boolean;
}
export interface LocalRule {
  readonly user?: MappedUser;
  readonly group?: GroupName;
  /** Names of groups of `domain`; each may also be `JSON:{"name": …, "domain": …}`. */
  readonly groups?: string;
  readonly group_ids?: string;
  readonly projects?: readonly MappedProject[];
  /** The same, as the provider spells it. */
  readonly projects_json?: string;
  readonly domain?: DomainName;
}
export interface Rule {
  readonly local: readonly LocalRule[];
  readonly remote: readonly RemoteRule[];
}

/** Each takes all that the one before takes. */
export const schemaVersions = ['1.0', '2.0', '3.0'] as const;

/** From this version on `domain` beside `user` and `projects` is theirs where they name none. */
export const appliesRuleDomain = (version: string) => Number(version) >= 2;
/** From this version on roles on projects that a provider says no more are taken away. */
export const removesOldRoles = (version: string) => Number(version) >= 3;

/** What the description of the API cannot say of rules: throws 400. */
export function refuseInvalidRules(rules: readonly Rule[], version: string): void {
  if (!schemaVersions.some((each) => each === version))
    throw badRequest(`There is no schema version ${version} of mappings: it is one of ${schemaVersions.join(', ')}.`);
  for (const { local, remote } of rules) {
    for (const each of local) refuseInvalidLocal(each, version);
    for (const each of remote) if (each.regex) for (const text of patternsOf(each)) toPattern(text);
  }
}

function refuseInvalidLocal({ projects = [], projects_json: asJson, group }: LocalRule, version: string): void {
  if (group && group.id === undefined && !(group.name !== undefined && group.domain))
    throw badRequest("Invalid input for field 'group': it has an id, or a name and a domain.");
  if (!appliesRuleDomain(version) && projects.some(({ domain }) => domain))
    throw badRequest("Invalid input for field 'projects': a domain needs the schema version 2.0.");
  if (!removesOldRoles(version) && asJson !== undefined)
    throw badRequest("Invalid input for field 'projects_json': it needs the schema version 3.0.");
}

const patternsOf = ({ any_one_of, not_any_of, whitelist, blacklist }: RemoteRule): readonly string[] =>
  any_one_of ?? not_any_of ?? whitelist ?? blacklist ?? [];

/** Mappings are written for Python, and match what providers and their users say: see linear-regex.ts. */
export function toPattern(text: string): LinearRegex {
  try {
    return linearRegex(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw badRequest(`${text} is not a regular expression that is understood here: ${error.message}.`);
  }
}
