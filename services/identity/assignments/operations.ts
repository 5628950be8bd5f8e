import type { Knex } from 'knex';
import { forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { getGroup, getUser, ldapDomainOf } from '../directories/users-and-groups.ts';
import { listMemberIds } from '../groups/store.ts';
import { revoke, revokeLdapUsers } from '../keys/revoke.ts';
import type { Project } from '../projects/resource.ts';
import { getDomain, getProject } from '../projects/store.ts';
import { couldNotFind } from '../resources/store.ts';
import { isGlobal, type Role, role as roles } from '../roles/resource.ts';
import { trust as trusts } from '../trusts/resource.ts';
import { type Assignment, ensureAssignment, listAssignments, removeAssignment } from './store.ts';

/** Gets the role and the target of a grant; throws 404. */
async function getParts(identity: Identity, { targetKind, targetId, roleId }: Assignment): Promise<Parts> {
  const { db } = identity;
  const role = await roles.rows.get(db, roleId);
  const project = targetKind === 'project' ? await getProject(db, targetId) : undefined;
  if (targetKind === 'domain') await getDomain(db, targetId);
  return { role, project };
}

interface Parts {
  readonly role: Role;
  readonly project: Project | undefined;
}

/** A domain role can be granted on projects of its domain only. */
function refuseRoleOfOtherDomain({ role, project }: Parts): void {
  if (!project || isGlobal(role) || role.domainKey === project.domainId) return;
  throw forbidden(
    `The domain specific role ${role.id} of domain ${role.domainKey} cannot be given on project ${project.id} of domain ${project.domainId}.`,
  );
}

const getActor = (identity: Identity, { actorKind, actorId }: Assignment) =>
  actorKind === 'user' ? getUser(identity, actorId) : getGroup(identity, actorId);

export async function grant(identity: Identity, assignment: Assignment): Promise<void> {
  refuseRoleOfOtherDomain(await getParts(identity, assignment));
  await getActor(identity, assignment);
  await identity.db.transaction((tx) => ensureAssignment(tx, assignment));
}

/**
 * Revokes tokens that carry the role. Works also for users that their directory has deleted, and while the directory
 * is unreachable.
 */
export async function revokeGrant(identity: Identity, assignment: Assignment): Promise<void> {
  await getParts(identity, assignment);
  if (!(await ldapDomainOf(identity, assignment.actorId))) await getActor(identity, assignment);
  await identity.db.transaction(async (tx) => {
    if (!(await removeAssignment(tx, assignment))) throw couldNotFind('role assignment with role', assignment.roleId);
    await revokeTokensOf(identity, tx, assignment);
  });
  await identity.tokenKeysChanged();
}

async function revokeTokensOf(identity: Identity, tx: Knex, assignment: Assignment): Promise<void> {
  const { actorKind, actorId } = assignment;
  const ldapDomain = actorKind === 'group' ? await ldapDomainOf({ db: tx }, actorId) : undefined;
  // only the directory knows the members, and may be unreachable: revokes tokens of all its users
  if (ldapDomain) return revokeLdapUsers(identity, tx, ldapDomain, scopeOf(assignment));
  const users = actorKind === 'user' ? [actorId] : await listMemberIds(tx, actorId);
  for (const user of users) await revokeUserTokens(identity, tx, assignment, user);
  if (actorKind === 'group') await revoke(identity, tx, { group: actorId, ...scopeOf(assignment) });
}

/** Revokes the tokens of one user that may carry the role, and those of trusts that delegate it. */
async function revokeUserTokens(identity: Identity, tx: Knex, assignment: Assignment, user: string): Promise<void> {
  const scope = scopeOf(assignment);
  await revoke(identity, tx, { user, ...scope });
  for (const trust of await trusts.rows.where(tx, { trustorId: user }))
    if (scope.project === undefined || trust.projectId === scope.project)
      await revoke(identity, tx, { by: `trust:${trust.id}` });
}

/** The scope of a direct grant; an inherited one may be effective in any project. */
function scopeOf({ targetKind, targetId, inherited }: Assignment): { project?: string; domain?: string } {
  if (inherited || targetKind === 'system') return {};
  return targetKind === 'project' ? { project: targetId } : { domain: targetId };
}

/** Revokes tokens with roles of the group: those of one user who leaves it, or of all members. */
export async function revokeGroup(identity: Identity, tx: Knex, groupId: string, user?: string): Promise<void> {
  for (const assignment of await listAssignments(tx, { actorKind: 'group', actorId: groupId }))
    await (user === undefined
      ? revokeTokensOf(identity, tx, assignment)
      : revokeUserTokens(identity, tx, assignment, user));
}

export async function revokeHoldersOf(identity: Identity, tx: Knex, roleId: string): Promise<void> {
  for (const assignment of await listAssignments(tx, { roleId })) await revokeTokensOf(identity, tx, assignment);
}
