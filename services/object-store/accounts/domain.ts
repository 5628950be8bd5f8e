/** An account remembers the domain of its project, as its own people's tokens say it. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { accountInfo, domainHeader, isOwn } from '../requests/authorize.ts';
import type { ObjectPath } from '../requests/request.ts';

/** Nothing when the token is of another project. */
export const domainOf = (call: Call, target: ObjectPath): Headers =>
  isOwn(call, target) && call.caller.projectDomainId ? { [domainHeader]: call.caller.projectDomainId } : {};

/** Before an ACL can be set: whether names in it count depends on the domain. */
export async function rememberDomain(store: ObjectStore, call: Call, target: ObjectPath): Promise<void> {
  const domain = domainOf(call, target);
  if (domain[domainHeader] === undefined) return;
  if ((await accountInfo(store, target))[domainHeader] === domain[domainHeader]) return;
  const headers = { ...domain, 'x-timestamp': newTimestamp() };
  await write(store, { kind: 'account', method: 'PUT', path: [target.account], headers });
}
