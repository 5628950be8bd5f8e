import type { Knex } from 'knex';
import { forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { getGroup, getUser, ldapDomainOf } from '../directories/users-and-groups.ts';
import { listMemberIds } from '../groups/store.ts';
import { revoke, revokeLdapUsers } from '../keys/revoke.ts';
import { absent, getDomain, getProject, type Project } from '../projects/store.ts';
import { getRole, type Role } from '../roles/store.ts';
import { trusts } from '../trusts/store.ts';
import { type Assignment, ensureAssignment, listAssignments, removeAssignment } from './store.ts';

/** What a grant names must be there. */
async function ensureParts(identity: Identity, { targetKind, targetId, roleId }: Assignment): Promise<Parts> {
  const { db } = identity;
  const role = await getRole(db, roleId);
  const place = targetKind === 'project' ? await getProject(db, targetId) : undefined;
  if (targetKind === 'domain') await getDomain(db, targetId);
  return { role, project: place };
}

interface Parts {
  readonly role: Role;
  readonly project: Project | undefined;
}

/** A role of a domain counts on the projects of that domain alone. */
function refuseForeignRole({ role, project }: Parts): void {
  if (!project || role.domainId === null || role.domainId === project.domainId) return;
  throw forbidden(
    `The domain specific role ${role.id} of domain ${role.domainId} cannot be given on project ${project.id} of domain ${project.domainId}.`,
  );
}

const ensureActor = (identity: Identity, { actorKind, actorId }: Assignment) =>
  actorKind === 'user' ? getUser(identity, actorId) : getGroup(identity, actorId);

export async function grant(identity: Identity, assignment: Assignment): Promise<void> {
  refuseForeignRole(await ensureParts(identity, assignment));
  await ensureActor(identity, assignment);
  await identity.db.transaction((tx) => ensureAssignment(tx, assignment));
}

/** Tokens that carry the role go with it. Whom a directory has lost, or while it is away, can lose it all the same. */
export async function withdraw(identity: Identity, assignment: Assignment): Promise<void> {
  await ensureParts(identity, assignment);
  if (!(await ldapDomainOf(identity, assignment.actorId))) await ensureActor(identity, assignment);
  await identity.db.transaction(async (tx) => {
    if (!(await removeAssignment(tx, assignment))) throw absent('role assignment with role', assignment.roleId);
    await revokeHolders(identity, tx, assignment);
  });
  await identity.tokenKeysChanged();
}

async function revokeHolders(identity: Identity, tx: Knex, assignment: Assignment): Promise<void> {
  const { actorKind, actorId } = assignment;
  const elsewhere = actorKind === 'group' ? await ldapDomainOf({ db: tx }, actorId) : undefined;
  // who is in the group only its directory knows, which may be away: all of its domain log in again
  if (elsewhere) return revokeLdapUsers(identity, tx, elsewhere, placeOf(assignment));
  const users = actorKind === 'user' ? [actorId] : await listMemberIds(tx, actorId);
  for (const user of users) await revokeHolder(identity, tx, assignment, user);
  if (actorKind === 'group') await revoke(identity, tx, { group: actorId, ...placeOf(assignment) });
}

/** The tokens of one user that may carry the role, and those of trusts that gave it on. */
async function revokeHolder(identity: Identity, tx: Knex, assignment: Assignment, user: string): Promise<void> {
  const place = placeOf(assignment);
  await revoke(identity, tx, { user, ...place });
  for (const trust of await trusts.listWhere(tx, { trustorId: user }))
    if (place.project === undefined || trust.projectId === place.project)
      await revoke(identity, tx, { by: `trust:${trust.id}` });
}

/** Where a role counts that is not inherited; one that is may count in any project. */
function placeOf({ targetKind, targetId, inherited }: Assignment): { project?: string; domain?: string } {
  if (inherited || targetKind === 'system') return {};
  return targetKind === 'project' ? { project: targetId } : { domain: targetId };
}

/** What the group gave: to one who leaves it, or to all. Their other tokens are not touched. */
export async function revokeGroup(identity: Identity, tx: Knex, groupId: string, user?: string): Promise<void> {
  for (const assignment of await listAssignments(tx, { actorKind: 'group', actorId: groupId }))
    await (user === undefined ? revokeHolders(identity, tx, assignment) : revokeHolder(identity, tx, assignment, user));
}

export async function revokeHoldersOf(identity: Identity, tx: Knex, roleId: string): Promise<void> {
  for (const assignment of await listAssignments(tx, { roleId })) await revokeHolders(identity, tx, assignment);
}
