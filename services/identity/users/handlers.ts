import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { limitedCollection, maxItemsOf } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { listUsers as list } from '../directories/users-and-groups.ts';
import { withQueueAddress } from '../passwords/fair-semaphore.ts';
import { isOtherDomain } from '../subjects/scope.ts';
import { onUser } from '../subjects/subjects.ts';
import {
  changeOwnPassword,
  changeUser,
  createUser as create,
  deleteUser as drop,
  type UserInput,
} from './operations.ts';
import { userView } from './view.ts';

export const listUsers: Handler<Identity> = async (identity, call) => {
  const domainFilter = call.query.domain_id && call.query.domain_id !== 'None' ? call.query.domain_id : null;
  const { domainId } = call.caller;
  call.authorize('identity:list_users', domainId ? { 'target.domain_id': domainId } : {});
  const { domain_id: _, ...rest } = call.queries;
  const found = isOtherDomain(call.caller, domainFilter)
    ? []
    : await list(identity, domainFilter ?? domainId, rest, maxItemsOf(identity, call));
  return ok(
    limitedCollection(
      identity,
      call,
      'users',
      found.map((user) => userView(user, call.base)),
    ),
  );
};

export const createUser: Handler<Identity, { user: UserInput }> = async (identity, call) => {
  const { domain_id: domain } = call.body.user;
  call.authorize('identity:create_user', domain ? { 'target.user.domain_id': domain } : {});
  return created({ user: userView(await create(identity, call.caller, call.body.user), call.base) });
};

export const showUser = onUser('identity:get_user', async (_identity, call, user) =>
  ok({ user: userView(user, call.base) }),
);

export const updateUser = onUser<{ user: UserInput }>('identity:update_user', async (identity, call, user) =>
  ok({ user: userView(await changeUser(identity, user, call.body.user), call.base) }),
);

export const deleteUser = onUser('identity:delete_user', async (identity, _call, user) => {
  await drop(identity, user);
  return gone();
});

interface PasswordChange {
  readonly user: { readonly password: string; readonly original_password: string };
}

export const changePassword: Handler<Identity, PasswordChange, 'id'> = async (identity, { params, body, address }) => {
  const { password, original_password: original } = body.user;
  await withQueueAddress(address, () => changeOwnPassword(identity, params.id, { password, original }));
  return gone();
};
