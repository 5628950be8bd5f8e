import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { userSubject } from '../subjects/subjects.ts';
import { changePassword, listUsers } from './handlers.ts';
import { changeUser, createUser, deleteUser } from './operations.ts';
import { user } from './resource.ts';

const sentPassword = (body: Body | undefined) => body?.password as string | null | undefined;

const users = routesOf(user, {
  subject: userSubject,
  targetOfNew: ({ domain_id: id }) => (typeof id === 'string' && id ? { 'target.user.domain_id': id } : {}),
  list: { handler: listUsers, rule: checkedInHandler('identity:list_users') },
  create: (identity, input, { caller, body }) => createUser(identity, caller, input, sentPassword(body.user)),
  update: (identity, row, change, { body: { user: sent } }) => {
    const password = sentPassword(sent);
    return changeUser(identity, row, change, password === undefined ? {} : { password });
  },
  remove: deleteUser,
});

export const userRoutes: readonly Route<Identity>[] = [
  ...users,
  { method: 'post', path: '/v3/users/:id/password', handler: changePassword, auth: 'none' },
];
