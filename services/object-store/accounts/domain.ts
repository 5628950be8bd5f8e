/** An account stores the domain of its project, from tokens of that project. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import { change } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { accountInfo, domainHeader, isOwn } from '../requests/authorize.ts';
import type { ObjectPath } from '../requests/request.ts';

/** Empty when the token is of another project. */
export const domainOf = (call: Call, target: ObjectPath): Headers =>
  isOwn(call, target) && call.caller.projectDomainId ? { [domainHeader]: call.caller.projectDomainId } : {};

/** Stores the domain before an ACL is set, since names in the ACL depend on it. */
export async function rememberDomain(store: ObjectStore, call: Call, target: ObjectPath): Promise<void> {
  const domain = domainOf(call, target);
  if (domain[domainHeader] === undefined) return;
  if ((await accountInfo(store, target))[domainHeader] === domain[domainHeader]) return;
  await change(store, { ...target, container: '', object: '' }, 'PUT', domain);
}
