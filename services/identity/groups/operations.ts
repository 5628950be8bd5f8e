import type { Who } from '#shared/auth/who.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { revokeGroup } from '../assignments/operations.ts';
import type { Identity } from '../context.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { absent, findDomain } from '../projects/store.ts';
import { findUser } from '../users/store.ts';
import {
  ensureMember,
  findGroup,
  type Group,
  insertGroup,
  refuseTwin,
  removeGroup,
  removeMember,
  updateGroup,
} from './store.ts';

export interface GroupWish {
  readonly name?: string;
  readonly domain_id?: string;
  readonly description?: string | null;
  readonly [extra: string]: unknown;
}

const fields = new Set(['id', 'name', 'domain_id', 'description', 'links']);

export async function createGroup({ db }: Identity, who: Who, wish: GroupWish): Promise<Group> {
  const domainId = wish.domain_id ?? who.domainId ?? who.projectDomainId ?? 'default';
  await findDomain(db, domainId);
  const group = {
    id: newId(),
    name: (wish.name ?? '').trim(),
    domainId,
    description: wish.description ?? '',
    extra: extraOf(wish, fields),
  };
  await db.transaction((tx) => insertGroup(tx, group));
  return group;
}

export async function changeGroup({ db }: Identity, id: string, wish: GroupWish): Promise<Group> {
  const group = await findGroup(db, id);
  if (wish.domain_id !== undefined && wish.domain_id !== group.domainId)
    throw badRequest('The domain of a group cannot be changed.');
  const { name = group.name, description = group.description } = wish;
  const changed = {
    ...group,
    name,
    description: description ?? '',
    extra: { ...group.extra, ...extraOf(wish, fields) },
  };
  await db.transaction(async (tx) => {
    await refuseTwin(tx, changed);
    await updateGroup(tx, id, changed);
  });
  return changed;
}

/** Tokens of its members that carry its roles go with it. */
export async function dropGroup(identity: Identity, id: string): Promise<void> {
  await findGroup(identity.db, id);
  await identity.db.transaction(async (tx) => {
    await revokeGroup(identity, tx, id);
    await removeGroup(tx, id);
  });
  await identity.trustChanged();
}

export async function addMember({ db }: Identity, groupId: string, userId: string): Promise<void> {
  const [group, user] = [await findGroup(db, groupId), await findUser(db, userId)];
  await db.transaction((tx) => ensureMember(tx, group.id, user.id));
}

export async function dropMember(identity: Identity, groupId: string, userId: string): Promise<void> {
  await identity.db.transaction(async (tx) => {
    if (!(await removeMember(tx, groupId, userId))) throw absent('user', userId);
    await revokeGroup(identity, tx, groupId, userId);
  });
  await identity.trustChanged();
}
