import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection, limitedCollection, maxItemsOf } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { directoryOfId, listGroups as list } from '../directories/users-and-groups.ts';
import { couldNotFind } from '../projects/store.ts';
import { authorized } from '../subjects/authorized.ts';
import { inTokenDomain, isOtherDomain } from '../subjects/scope.ts';
import { groupSubject, onGroup, onMember, onUser } from '../subjects/subjects.ts';
import { userView } from '../users/view.ts';
import { addMember, changeGroup, createGroup as create, dropGroup, dropMember, type GroupInput } from './operations.ts';
import type { Group } from './store.ts';

const view = ({ id, name, domainId, description, extra }: Group, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  links: { self: `${base}/v3/groups/${id}` },
});

/** A domain-scoped token sees the groups of its domain. */
export const listGroups: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  const domainFilter = call.query.domain_id;
  call.authorize('identity:list_groups', domainId ? { 'target.group.domain_id': domainId } : {});
  const found = isOtherDomain(call.caller, domainFilter)
    ? []
    : await list(identity, domainFilter ?? domainId, call.queries, maxItemsOf(identity, call));
  return ok(
    limitedCollection(
      identity,
      call,
      'groups',
      found.map((group) => view(group, call.base)),
    ),
  );
};

export const createGroup: Handler<Identity, { group: GroupInput }> = async (identity, call) => {
  const { domain_id: domain } = call.body.group;
  call.authorize('identity:create_group', domain ? { 'target.group.domain_id': domain } : {});
  return created({ group: view(await create(identity, call.caller, call.body.group), call.base) });
};

export const showGroup = onGroup('identity:get_group', async (_identity, call, group) =>
  ok({ group: view(group, call.base) }),
);

export const updateGroup = onGroup<{ group: GroupInput }>('identity:update_group', async (identity, call, group) =>
  ok({ group: view(await changeGroup(identity, group, call.body.group), call.base) }),
);

export const deleteGroup = authorized(
  { subject: groupSubject, rule: 'identity:delete_group', notFoundFirst: true },
  async (identity, _call, group) => {
    await dropGroup(identity, group);
    return gone();
  },
);

export const listMembers = onGroup('identity:list_users_in_group', async (identity, call, { id }) => {
  const users = inTokenDomain(call.caller, await (await directoryOfId(identity, id)).listMembersOf(id, call.queries));
  return ok(
    collection(
      call,
      'users',
      users.map((user) => userView(user, call.base)),
    ),
  );
});

export const putMember = onMember('identity:add_user_to_group', async (identity, _call, { group, user }) => {
  await addMember(identity, group, user);
  return gone();
});

export const headMember = onMember('identity:check_user_in_group', async (identity, _call, { group, user }) => {
  if (!(await (await directoryOfId(identity, group.id)).isMember(group.id, user.id)))
    throw couldNotFind('user', user.id);
  return gone();
});

export const deleteMember = onMember('identity:remove_user_from_group', async (identity, _call, { group, user }) => {
  await dropMember(identity, group, user);
  return gone();
});

export const listGroupsOfUser = onUser('identity:list_groups_for_user', async (identity, call, user) => {
  const groups = inTokenDomain(call.caller, await (await directoryOfId(identity, user.id)).listGroupsOf(user.id));
  return ok(
    collection(
      call,
      'groups',
      groups.map((group) => view(group, call.base)),
    ),
  );
});
