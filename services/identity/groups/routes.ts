import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { groupSubject } from '../subjects/subjects.ts';
import { deleteMember, headMember, listGroups, listGroupsOfUser, listMembers, putMember } from './handlers.ts';
import { changeGroup, createGroup, deleteGroup } from './operations.ts';
import { group } from './resource.ts';

const groups = routesOf(group, {
  subject: groupSubject,
  targetOfNew: ({ domain_id: id }) => (typeof id === 'string' && id ? { 'target.group.domain_id': id } : {}),
  notFoundFirst: ['delete'],
  list: { handler: listGroups, rule: checkedInHandler('identity:list_groups') },
  create: (identity, input, { caller }) => createGroup(identity, caller, input),
  update: changeGroup,
  remove: deleteGroup,
});

const member = '/v3/groups/:id/users/:userId';

export const groupRoutes: readonly Route<Identity>[] = [
  ...groups,
  { method: 'get', path: '/v3/users/:id/groups', ...listGroupsOfUser },
  { method: 'get', path: '/v3/groups/:id/users', ...listMembers },
  { method: 'put', path: member, ...putMember },
  { method: 'head', path: member, ...headMember },
  { method: 'get', path: member, ...headMember },
  { method: 'delete', path: member, ...deleteMember },
];
