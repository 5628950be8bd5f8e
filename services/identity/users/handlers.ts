import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { limitedTo, mostOf } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findUser, listUsers as list } from '../directories/people.ts';
import {
  changeOwnPassword,
  changeUser,
  createUser as create,
  deleteUser as drop,
  type UserWish,
} from './operations.ts';
import type { User } from './store.ts';
import { userView } from './view.ts';

const target = ({ id, domainId }: User) => ({ user_id: id, 'target.user.id': id, 'target.user.domain_id': domainId });

export const listUsers: Handler<Identity> = async (identity, call) => {
  const domain = call.query.domain_id && call.query.domain_id !== 'None' ? call.query.domain_id : call.who.domainId;
  call.authorize('identity:list_users', domain ? { 'target.domain_id': domain } : {});
  const { domain_id: _, ...rest } = call.queries;
  const found = await list(identity, domain, rest, mostOf(identity, call));
  return ok(
    limitedTo(
      identity,
      call,
      'users',
      found.map((user) => userView(user, call.base)),
    ),
  );
};

export const createUser: Handler<Identity, { user: UserWish }> = async (identity, call) => {
  const domain = call.body.user.domain_id ?? call.who.domainId;
  call.authorize('identity:create_user', domain ? { 'target.user.domain_id': domain } : {});
  return created({ user: userView(await create(identity, call.who, call.body.user), call.base) });
};

export const showUser: Handler<Identity> = async (identity, call) => {
  const user = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:get_user', target(user));
  return ok({ user: userView(user, call.base) });
};

export const updateUser: Handler<Identity, { user: UserWish }> = async (identity, call) => {
  const user = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:update_user', target(user));
  return ok({ user: userView(await changeUser(identity, user, call.body.user), call.base) });
};

export const deleteUser: Handler<Identity> = async (identity, call) => {
  const user = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:delete_user', target(user));
  await drop(identity, user);
  return gone();
};

interface PasswordChange {
  readonly user: { readonly password: string; readonly original_password: string };
}

export const changePassword: Handler<Identity, PasswordChange> = async (identity, { params, body }) => {
  const { password, original_password: original } = body.user;
  await changeOwnPassword(identity, params.id ?? '', { password, original });
  return gone();
};
