import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { revokeGroup } from '../assignments/operations.ts';
import type { Identity } from '../context.ts';
import { ldapDomainOf, refuseChange, refuseNewIn } from '../directories/users-and-groups.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { couldNotFind, getDomain } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import {
  ensureMember,
  type Group,
  insertGroup,
  refuseDuplicate,
  removeGroups,
  removeMember,
  updateGroup,
} from './store.ts';

export interface GroupInput {
  readonly name?: string;
  readonly domain_id?: string;
  readonly description?: string | null;
  readonly [extra: string]: unknown;
}

const fields = new Set(['id', 'name', 'domain_id', 'description', 'links']);

export async function createGroup(identity: Identity, caller: Caller, input: GroupInput): Promise<Group> {
  const { db } = identity;
  const domainId = input.domain_id ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  await getDomain(db, domainId);
  refuseNewIn(identity, domainId, `group ${input.name}`);
  const group = {
    id: newId(),
    name: (input.name ?? '').trim(),
    domainId,
    description: input.description ?? '',
    extra: extraOf(input, fields),
  };
  await db.transaction((tx) => insertGroup(tx, group));
  return group;
}

export async function changeGroup({ db }: Identity, group: Group, input: GroupInput): Promise<Group> {
  await refuseChange({ db }, 'group', group);
  if (input.domain_id !== undefined && input.domain_id !== group.domainId)
    throw badRequest('The domain of a group cannot be changed.');
  const { name = group.name, description = group.description } = input;
  const changed = {
    ...group,
    name,
    description: description ?? '',
    extra: { ...group.extra, ...extraOf(input, fields) },
  };
  await db.transaction(async (tx) => {
    await refuseDuplicate(tx, changed);
    await updateGroup(tx, group.id, changed);
  });
  return changed;
}

/** Revokes the tokens of its members that carry its roles. */
export async function dropGroup(identity: Identity, group: Group): Promise<void> {
  await refuseChange(identity, 'group', group);
  await identity.db.transaction(async (tx) => {
    await revokeGroup(identity, tx, group.id);
    await removeGroups(tx, [group.id]);
  });
  await identity.tokenKeysChanged();
}

/** 403 where an LDAP directory holds the group or the user. */
async function refuseLdapMember(identity: Pick<Identity, 'db'>, group: Group, user: User): Promise<void> {
  await refuseChange(identity, 'group', group);
  if (await ldapDomainOf(identity, user.id))
    throw forbidden(`Group ${group.id} and user ${user.id} are kept by different directories.`);
}

export async function addMember({ db }: Identity, group: Group, user: User): Promise<void> {
  await refuseLdapMember({ db }, group, user);
  await db.transaction((tx) => ensureMember(tx, group.id, user.id));
}

export async function dropMember(identity: Identity, group: Group, user: User): Promise<void> {
  await refuseLdapMember(identity, group, user);
  await identity.db.transaction(async (tx) => {
    if (!(await removeMember(tx, group.id, user.id))) throw couldNotFind('user', user.id);
    await revokeGroup(identity, tx, group.id, user.id);
  });
  await identity.tokenKeysChanged();
}
