/** The rules of a mapping, and their validation. */
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
  /** `local`: an existing user; otherwise a shadow user. */
  readonly type?: string;
}
/** A project that is created where missing, and the roles of the user on it. */
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
  /** The projects as JSON sent by the provider. */
  readonly projects_json?: string;
  readonly domain?: DomainName;
}
export interface Rule {
  readonly local: readonly LocalRule[];
  readonly remote: readonly RemoteRule[];
}

/** Each version accepts all that the one before accepts. */
export const schemaVersions = ['1.0', '2.0', '3.0'] as const;

/** From 2.0 on, `domain` of a rule applies to `user` and `projects` without one. */
export const appliesRuleDomain = (version: string) => Number(version) >= 2;
/** From 3.0 on, roles on projects that the provider does not send any more are revoked. */
export const removesOldRoles = (version: string) => Number(version) >= 3;

/** Checks that the schema cannot express; throws 400. */
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

/** Patterns use Python syntax and are matched against input of users: see linear-regex.ts. */
export function toPattern(text: string): LinearRegex {
  try {
    return linearRegex(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw badRequest(`${text} is not a regular expression that is understood here: ${error.message}.`);
  }
}
