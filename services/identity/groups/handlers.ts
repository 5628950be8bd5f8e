import { type Handler, noContent } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { directoryOfId, listGroups as list } from '../directories/users-and-groups.ts';
import { couldNotFind } from '../resources/store.ts';
import { limitedListOf, listOf, maxItemsOf } from '../resources/view.ts';
import { inTokenDomain, isOtherDomain } from '../subjects/scope.ts';
import { onGroup, onMember, onUser } from '../subjects/subjects.ts';
import { user } from '../users/resource.ts';
import { addMember, dropMember } from './operations.ts';
import { group } from './resource.ts';

/** A domain-scoped token sees the groups of its domain. */
export const listGroups: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  const domainFilter = call.query.domain_id;
  call.authorize('identity:list_groups', domainId ? { 'target.group.domain_id': domainId } : {});
  const found = isOtherDomain(call.caller, domainFilter)
    ? []
    : await list(identity, domainFilter ?? domainId, call.queries, maxItemsOf(identity, call));
  return limitedListOf(identity, call, group, found);
};

export const listMembers = onGroup('identity:list_users_in_group', async (identity, call, { id }) => {
  const users = await (await directoryOfId(identity, id)).listMembersOf(id, call.queries);
  return listOf(call, user, inTokenDomain(call.caller, users));
});

export const putMember = onMember(
  'identity:add_user_to_group',
  async (identity, _call, { group: to, user: member }) => {
    await addMember(identity, to, member);
    return noContent();
  },
);

export const headMember = onMember(
  'identity:check_user_in_group',
  async (identity, _call, { group: of, user: member }) => {
    if (!(await (await directoryOfId(identity, of.id)).isMember(of.id, member.id)))
      throw couldNotFind('user', member.id);
    return noContent();
  },
);

export const deleteMember = onMember(
  'identity:remove_user_from_group',
  async (identity, _call, { group: of, user: member }) => {
    await dropMember(identity, of, member);
    return noContent();
  },
);

export const listGroupsOfUser = onUser('identity:list_groups_for_user', async (identity, call, { id }) => {
  const groups = await (await directoryOfId(identity, id)).listGroupsOf(id);
  return listOf(call, group, inTokenDomain(call.caller, groups));
});
