/** An account stores the domain of its project, from tokens of that project. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { change } from '../cluster/write.ts';
import { accountInfo, domainHeader, isOwn } from '../requests/authorize.ts';
import type { ObjectRequest } from '../requests/request.ts';

/** Empty when the token is of another project. */
export const domainOf = (request: ObjectRequest): Headers => {
  const { projectDomainId } = request.call.caller;
  return isOwn(request) && projectDomainId ? { [domainHeader]: projectDomainId } : {};
};

/** Stores the domain before an ACL is set, since names in the ACL depend on it. */
export async function rememberDomain(request: ObjectRequest): Promise<void> {
  const { store, target } = request;
  const domain = domainOf(request);
  if (domain[domainHeader] === undefined) return;
  if ((await accountInfo(store, target))[domainHeader] === domain[domainHeader]) return;
  await change(store, { ...target, container: '', object: '' }, 'PUT', domain);
}
