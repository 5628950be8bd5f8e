import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection, limitedTo, mostOf } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { directoryOfId, findGroup, findUser, listGroups as list } from '../directories/people.ts';
import { absent } from '../projects/store.ts';
import { userView } from '../users/view.ts';
import { addMember, changeGroup, createGroup as create, dropGroup, dropMember, type GroupWish } from './operations.ts';
import type { Group } from './store.ts';

const view = ({ id, name, domainId, description, extra }: Group, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  links: { self: `${base}/v3/groups/${id}` },
});

/** A domain's token sees its domain. */
export const listGroups: Handler<Identity> = async (identity, call) => {
  const domain = call.query.domain_id ?? call.who.domainId;
  call.authorize('identity:list_groups', domain ? { 'target.group.domain_id': domain } : {});
  const found = await list(identity, domain, call.queries, mostOf(identity, call));
  return ok(
    limitedTo(
      identity,
      call,
      'groups',
      found.map((group) => view(group, call.base)),
    ),
  );
};

export const createGroup: Handler<Identity, { group: GroupWish }> = async (identity, call) => {
  const domain = call.body.group.domain_id ?? call.who.domainId;
  call.authorize('identity:create_group', domain ? { 'target.group.domain_id': domain } : {});
  return created({ group: view(await create(identity, call.who, call.body.group), call.base) });
};

const targetOf = ({ domainId }: Pick<Group, 'domainId'>) => ({ 'target.group.domain_id': domainId });

async function found(identity: Identity, call: Call<unknown>, rule: string): Promise<Group> {
  const group = await findGroup(identity, call.params.id ?? '');
  call.authorize(rule, targetOf(group));
  return group;
}

export const showGroup: Handler<Identity> = async (identity, call) =>
  ok({ group: view(await found(identity, call, 'identity:get_group'), call.base) });

export const updateGroup: Handler<Identity, { group: GroupWish }> = async (identity, call) => {
  const group = await found(identity, call, 'identity:update_group');
  return ok({ group: view(await changeGroup(identity, group, call.body.group), call.base) });
};

export const deleteGroup: Handler<Identity> = async (identity, call) => {
  await dropGroup(identity, await found(identity, call, 'identity:delete_group'));
  return gone();
};

/** Group and user of the path must both be there, and the rule sees the domains of both. */
async function pairOf(identity: Identity, call: Call<never>, rule: string) {
  const group = await findGroup(identity, call.params.id ?? '');
  const user = await findUser(identity, call.params.userId ?? '');
  call.authorize(rule, { ...targetOf(group), 'target.user.domain_id': user.domainId });
  return { group, user };
}

export const listMembers: Handler<Identity> = async (identity, call) => {
  const { id } = await found(identity, call, 'identity:list_users_in_group');
  const users = await (await directoryOfId(identity, id)).membersOf(id, call.queries);
  return ok(
    collection(
      call,
      'users',
      users.map((user) => userView(user, call.base)),
    ),
  );
};

export const putMember: Handler<Identity> = async (identity, call) => {
  const { group, user } = await pairOf(identity, call, 'identity:add_user_to_group');
  await addMember(identity, group, user);
  return gone();
};

export const headMember: Handler<Identity> = async (identity, call) => {
  const { group, user } = await pairOf(identity, call, 'identity:check_user_in_group');
  if (!(await (await directoryOfId(identity, group.id)).isMember(group.id, user.id))) throw absent('user', user.id);
  return gone();
};

export const deleteMember: Handler<Identity> = async (identity, call) => {
  const { group, user } = await pairOf(identity, call, 'identity:remove_user_from_group');
  await dropMember(identity, group, user);
  return gone();
};

export const listGroupsOfUser: Handler<Identity> = async (identity, call) => {
  const user = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:list_groups_for_user', { user_id: user.id, 'target.user.domain_id': user.domainId });
  const groups = await (await directoryOfId(identity, user.id)).groupsOf(user.id);
  return ok(
    collection(
      call,
      'groups',
      groups.map((group) => view(group, call.base)),
    ),
  );
};
