import type { Knex } from 'knex';
import type { Identity } from '../context.ts';
import { findGroup, listMemberIds } from '../groups/store.ts';
import { revoke } from '../keys/revoke.ts';
import { absent, findDomain, findProject } from '../projects/store.ts';
import { findRole } from '../roles/store.ts';
import { trusts } from '../trusts/store.ts';
import { findUser } from '../users/store.ts';
import { type Assignment, ensureAssignment, listAssignments, removeAssignment } from './store.ts';

/** What a grant names must be there. */
async function ensureParts(
  { db }: Identity,
  { actorKind, actorId, targetKind, targetId, roleId }: Assignment,
): Promise<void> {
  await findRole(db, roleId);
  await (actorKind === 'user' ? findUser(db, actorId) : findGroup(db, actorId));
  if (targetKind === 'project') await findProject(db, targetId);
  if (targetKind === 'domain') await findDomain(db, targetId);
}

export async function grant(identity: Identity, assignment: Assignment): Promise<void> {
  await ensureParts(identity, assignment);
  await identity.db.transaction((tx) => ensureAssignment(tx, assignment));
}

/** Tokens that carry the role go with it. */
export async function withdraw(identity: Identity, assignment: Assignment): Promise<void> {
  await ensureParts(identity, assignment);
  await identity.db.transaction(async (tx) => {
    if (!(await removeAssignment(tx, assignment))) throw absent('role assignment with role', assignment.roleId);
    await revokeHolders(identity, tx, assignment);
  });
  await identity.trustChanged();
}

/** On a project without inheritance only that project's tokens are meant; otherwise all of the actor's. */
async function revokeHolders(
  identity: Identity,
  tx: Knex,
  { actorKind, actorId, targetKind, targetId, inherited }: Assignment,
): Promise<void> {
  const users = actorKind === 'user' ? [actorId] : await listMemberIds(tx, actorId);
  const where = targetKind === 'project' && !inherited ? { project: targetId } : {};
  for (const user of users) {
    await revoke(identity, tx, { user, ...where });
    for (const trust of await trusts.listWhere(tx, { trustorId: user }))
      if (targetKind !== 'project' || inherited || trust.projectId === targetId)
        await revoke(identity, tx, { by: `trust:${trust.id}` });
  }
}

export async function revokeHoldersOf(identity: Identity, tx: Knex, roleId: string): Promise<void> {
  for (const assignment of await listAssignments(tx, { roleId })) await revokeHolders(identity, tx, assignment);
}
