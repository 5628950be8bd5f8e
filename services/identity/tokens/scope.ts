/** The scope and roles of a new token, or a 401 without a reason. */
import type { Knex } from 'knex';
import type { AccessRule } from '#shared/auth/token.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { effectiveRoles, type Scope } from '../assignments/effective.ts';
import type { Identity } from '../context.ts';
import type { Project } from '../projects/resource.ts';
import { findProject } from '../projects/store.ts';
import type { Role } from '../roles/resource.ts';
import type { User } from '../users/resource.ts';

interface Named {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: Named;
}
export type ScopeInput =
  | 'unscoped'
  | {
      readonly project?: Named;
      readonly domain?: Named;
      readonly system?: { readonly all?: boolean };
      readonly unscoped?: object;
      readonly 'OS-TRUST:trust'?: { readonly id: string };
    };

export interface TokenScope {
  readonly scope: Scope | null;
  readonly roles: readonly Role[];
  /** The delegation that the token is made from: `trust:id`, `app:id`, `oauth:id`; none for the user's own roles. */
  readonly by?: string;
  /** The trustor, where the token names them instead of the user who logged in. */
  readonly impersonated?: User;
  /** Seconds; the token expires then at the latest. */
  readonly endsAt?: number;
  /** The only requests it may make. */
  readonly accessRules?: readonly AccessRule[];
}

const unscoped: TokenScope = { scope: null, roles: [] };

/** Without a requested scope, the default project of the user if they have a role there. */
export async function scopeOfUser(
  identity: Identity,
  user: User,
  input: ScopeInput | undefined,
  groups: readonly string[] = [],
): Promise<TokenScope> {
  if (input === 'unscoped' || (input !== undefined && 'unscoped' in input)) return unscoped;
  if (input === undefined) return defaultScope(identity, user);
  const scope = await findScope(identity.db, input);
  const roles = scope ? await effectiveRoles(identity, user.id, scope, groups) : [];
  if (!scope || roles.length === 0) throw unauthorized();
  return { scope, roles };
}

async function defaultScope(identity: Identity, user: User): Promise<TokenScope> {
  const { db } = identity;
  const project = user.defaultProjectId ? await findProject(db, { id: user.defaultProjectId }) : undefined;
  if (!project || !(await isProjectEnabled(db, project))) return unscoped;
  const scope = { kind: 'project', project } as const;
  const roles = await effectiveRoles(identity, user.id, scope);
  return roles.length > 0 ? { scope, roles } : unscoped;
}

async function findScope(db: Knex, input: Exclude<ScopeInput, string>): Promise<Scope | undefined> {
  if (input.system) return { kind: 'system' };
  if (input.domain) {
    const domain = await findDomainNamed(db, input.domain);
    return domain?.enabled ? { kind: 'domain', domain } : undefined;
  }
  const project = input.project ? await findProjectNamed(db, input.project) : undefined;
  return project && (await isProjectEnabled(db, project)) ? { kind: 'project', project } : undefined;
}

export async function findDomainNamed(db: Knex, { id, name }: Named): Promise<Project | undefined> {
  const found =
    id !== undefined ? await findProject(db, { id }) : await findProject(db, { name: name ?? '', isDomain: true });
  return found?.isDomain ? found : undefined;
}

async function findProjectNamed(db: Knex, { id, name = '', domain }: Named): Promise<Project | undefined> {
  if (id !== undefined) return findProject(db, { id });
  const owner = domain ? await findDomainNamed(db, domain) : undefined;
  return owner ? findProject(db, { name, domainId: owner.id }) : undefined;
}

/** Whether the project and its domain are enabled. */
export async function isProjectEnabled(db: Knex, project: Project): Promise<boolean> {
  const domain = project.isDomain ? project : await findProject(db, { id: project.domainId });
  return project.enabled && domain?.enabled === true;
}
