import { type Handler, noContent } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { listUsers as list } from '../directories/users-and-groups.ts';
import { withQueueAddress } from '../passwords/fair-semaphore.ts';
import { limitedListOf, maxItemsOf } from '../resources/view.ts';
import { isOtherDomain } from '../subjects/scope.ts';
import { changeOwnPassword } from './operations.ts';
import { user } from './resource.ts';

/** A domain-scoped token sees the users of its domain. */
export const listUsers: Handler<Identity> = async (identity, call) => {
  const domainFilter = call.query.domain_id && call.query.domain_id !== 'None' ? call.query.domain_id : null;
  const { domainId } = call.caller;
  call.authorize('identity:list_users', domainId ? { 'target.domain_id': domainId } : {});
  const { domain_id: _, ...rest } = call.queries;
  const found = isOtherDomain(call.caller, domainFilter)
    ? []
    : await list(identity, domainFilter ?? domainId, rest, maxItemsOf(identity, call));
  return limitedListOf(identity, call, user, found);
};

interface PasswordChange {
  readonly user: { readonly password: string; readonly original_password: string };
}

export const changePassword: Handler<Identity, PasswordChange, 'id'> = async (identity, { params, body, address }) => {
  const { password, original_password: original } = body.user;
  await withQueueAddress(address, () => changeOwnPassword(identity, params.id, { password, original }));
  return noContent();
};
