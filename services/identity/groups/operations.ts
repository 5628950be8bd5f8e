import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { revokeGroup } from '../assignments/operations.ts';
import type { Identity } from '../context.ts';
import { ldapDomainOf, refuseChange, refuseNewIn } from '../directories/users-and-groups.ts';
import { getDomain } from '../projects/store.ts';
import type { Change, New } from '../resources/resource.ts';
import { couldNotFind, newId } from '../resources/store.ts';
import type { User } from '../users/resource.ts';
import { type Group, group } from './resource.ts';
import { ensureMember, removeGroups, removeMember } from './store.ts';

export async function createGroup(identity: Identity, caller: Caller, input: New<typeof group>): Promise<Group> {
  const { db } = identity;
  const domainId = input.domainId ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  await getDomain(db, domainId);
  refuseNewIn(identity, domainId, `group ${input.name}`);
  const row: Group = { ...input, id: newId(), name: input.name ?? '', domainId };
  await db.transaction((tx) => group.rows.insert(tx, row));
  return row;
}

export async function changeGroup({ db }: Identity, row: Group, change: Change<typeof group>): Promise<Group> {
  await refuseChange({ db }, 'group', row);
  const changed = { ...row, ...change };
  if (changed.domainId !== row.domainId) throw badRequest('The domain of a group cannot be changed.');
  await db.transaction(async (tx) => {
    await group.rows.refuseTaken(tx, changed);
    await group.rows.update(tx, row.id, change);
  });
  return changed;
}

/** Revokes the tokens of its members that carry its roles. */
export async function deleteGroup(identity: Identity, { id, domainId }: Group): Promise<void> {
  await refuseChange(identity, 'group', { id, domainId });
  await identity.db.transaction(async (tx) => {
    await revokeGroup(identity, tx, id);
    await removeGroups(tx, [id]);
  });
  await identity.tokenKeysChanged();
}

/** 403 where an LDAP directory holds the group or the user. */
async function refuseLdapMember(identity: Pick<Identity, 'db'>, to: Group, user: User): Promise<void> {
  await refuseChange(identity, 'group', to);
  if (await ldapDomainOf(identity, user.id))
    throw forbidden(`Group ${to.id} and user ${user.id} are kept by different directories.`);
}

export async function addMember({ db }: Identity, to: Group, user: User): Promise<void> {
  await refuseLdapMember({ db }, to, user);
  await db.transaction((tx) => ensureMember(tx, to.id, user.id));
}

export async function dropMember(identity: Identity, to: Group, user: User): Promise<void> {
  await refuseLdapMember(identity, to, user);
  await identity.db.transaction(async (tx) => {
    if (!(await removeMember(tx, to.id, user.id))) throw couldNotFind('user', user.id);
    await revokeGroup(identity, tx, to.id, user.id);
  });
  await identity.tokenKeysChanged();
}
