import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { absent } from '../projects/store.ts';
import { findUser, findUsers } from '../users/store.ts';
import { userView } from '../users/view.ts';
import { addMember, changeGroup, createGroup as create, dropGroup, dropMember, type GroupWish } from './operations.ts';
import { findGroup, type Group, isMember, listGroups as list, listGroupsOf, listMemberIds } from './store.ts';

const view = ({ id, name, domainId, description, extra }: Group, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  links: { self: `${base}/v3/groups/${id}` },
});

export const listGroups: Handler<Identity> = async ({ db }, call) =>
  ok(
    collection(
      call,
      'groups',
      (await list(db, call.queries)).map((group) => view(group, call.base)),
    ),
  );

export const createGroup: Handler<Identity, { group: GroupWish }> = async (identity, { who, body, base }) =>
  created({ group: view(await create(identity, who, body.group), base) });

export const showGroup: Handler<Identity> = async ({ db }, { params, base }) =>
  ok({ group: view(await findGroup(db, params.id ?? ''), base) });

export const updateGroup: Handler<Identity, { group: GroupWish }> = async (identity, { params, body, base }) =>
  ok({ group: view(await changeGroup(identity, params.id ?? '', body.group), base) });

export const deleteGroup: Handler<Identity> = async (identity, { params }) => {
  await dropGroup(identity, params.id ?? '');
  return gone();
};

export const listMembers: Handler<Identity> = async ({ db }, call) => {
  const { id } = await findGroup(db, call.params.id ?? '');
  const users = await findUsers(db, await listMemberIds(db, id));
  return ok(
    collection(
      call,
      'users',
      users.map((user) => userView(user, call.base)),
    ),
  );
};

export const putMember: Handler<Identity> = async (identity, { params }) => {
  await addMember(identity, params.id ?? '', params.userId ?? '');
  return gone();
};

export const headMember: Handler<Identity> = async ({ db }, { params }) => {
  if (!(await isMember(db, params.id ?? '', params.userId ?? ''))) throw absent('user', params.userId ?? '');
  return gone();
};

export const deleteMember: Handler<Identity> = async (identity, { params }) => {
  await dropMember(identity, params.id ?? '', params.userId ?? '');
  return gone();
};

export const listGroupsOfUser: Handler<Identity> = async ({ db }, call) => {
  const user = await findUser(db, call.params.id ?? '');
  call.authorize('identity:list_groups_for_user', { user_id: user.id, 'target.user.domain_id': user.domainId });
  return ok(
    collection(
      call,
      'groups',
      (await listGroupsOf(db, user.id)).map((group) => view(group, call.base)),
    ),
  );
};
