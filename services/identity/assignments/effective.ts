/** Effective roles of a user: direct, through groups, inherited and implied. */
import type { Knex } from 'knex';
import type { Identity } from '../context.ts';
import { listLdapGroupIds } from '../directories/users-and-groups.ts';
import type { Project } from '../projects/resource.ts';
import { listAncestors, listDescendants } from '../projects/store.ts';
import { isGlobal, type Role } from '../roles/resource.ts';
import { type Implication, listImplications, listRolesIn } from '../roles/store.ts';
import { type Assignment, listAssignmentsOf } from './store.ts';

export type Scope =
  | { readonly kind: 'project'; readonly project: Project }
  | { readonly kind: 'domain'; readonly domain: Project }
  | { readonly kind: 'system' };

/**
 * The roles of a user in a scope. `groups`: more groups, from a federated login. Domain roles are effective only
 * through the roles they imply.
 */
export async function effectiveRoles(
  identity: Identity,
  userId: string,
  scope: Scope,
  groups: readonly string[] = [],
): Promise<Role[]> {
  const { db } = identity;
  const assignments = await assignmentsOf(identity, userId, groups);
  const matches = await matcherOf(db, scope);
  const own = assignments.filter(matches).map(({ roleId }) => roleId);
  return (await listRolesIn(db, withImplied(own, await listImplications(db)))).filter(isGlobal);
}

const assignmentsOf = async (identity: Identity, userId: string, groups: readonly string[]): Promise<Assignment[]> =>
  listAssignmentsOf(identity.db, userId, [...groups, ...(await listLdapGroupIds(identity, userId))]);

async function matcherOf(db: Knex, scope: Scope): Promise<(assignment: Assignment) => boolean> {
  if (scope.kind === 'system') return ({ targetKind, inherited }) => targetKind === 'system' && !inherited;
  if (scope.kind === 'domain')
    return ({ targetKind, targetId, inherited }) =>
      targetKind === 'domain' && targetId === scope.domain.id && !inherited;
  const [own, ...above] = await listAncestors(db, scope.project);
  const ancestors = new Set([...above.map(({ id }) => id), scope.project.domainId]);
  return ({ targetId, inherited }) => (inherited ? ancestors.has(targetId) : targetId === own?.id);
}

/** The roles and all roles that they imply, transitively. */
export function withImplied(roleIds: readonly string[], implications: readonly Implication[]): string[] {
  const ids = new Set(roleIds);
  for (const id of ids) for (const { priorId, impliedId } of implications) if (priorId === id) ids.add(impliedId);
  return [...ids];
}

/** Projects and domains where a user has any role. */
export async function listScopesOf(
  identity: Identity,
  userId: string,
  groups: readonly string[] = [],
): Promise<{ projects: string[]; domains: string[]; system: boolean }> {
  const { db } = identity;
  const assignments = await assignmentsOf(identity, userId, groups);
  const direct = (kind: string) =>
    assignments.filter((each) => each.targetKind === kind && !each.inherited).map(({ targetId }) => targetId);
  const above = new Set(assignments.filter(({ inherited }) => inherited).map(({ targetId }) => targetId));
  const below = await listDescendants(db, ...above);
  const projects = new Set([...direct('project'), ...below.map(({ id }) => id)]);
  return { projects: [...projects], domains: [...new Set(direct('domain'))], system: direct('system').length > 0 };
}
