/** Who may: the project's own people by their roles, everybody else by what the container says. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import { read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { allowsReferrer, allowsWho, readAcl } from './acl.ts';
import { refuse } from './refusals.ts';
import type { Way } from './request.ts';

const prefix = 'AUTH_';

/** What a container says of itself. Throws 404. */
export const containerInfo = async (store: ObjectStore, { account, container }: Way): Promise<Headers> =>
  (await read(store, { kind: 'container', method: 'HEAD', path: [account, container] })).headers;

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** May manage the account and see its ACLs. */
export function isOperator(call: Call, { account }: Way): boolean {
  const target = { project_id: account.startsWith(prefix) ? account.slice(prefix.length) : null };
  return call.may('object-store:resell', target) || call.may('object-store:operate', target);
}

function isReader(call: Call, { account }: Way): boolean {
  return isReading(call.method) && call.may('object-store:read', { project_id: account.slice(prefix.length) });
}

/** 401 for whom nobody knows, 403 for whom we know and do not let in. */
export const denied = (call: Call) => refuse(call.who.userId ? 403 : 401);

export function authorizeAccount(call: Call, way: Way): void {
  if (!isOperator(call, way) && !isReader(call, way)) throw denied(call);
}

/** Asks the container only when the roles do not say enough. `method` is what is to be done, if the call's is another. */
export async function authorize(store: ObjectStore, call: Call, way: Way, method = call.method): Promise<void> {
  if (isOperator(call, way)) return;
  if (isReading(method) && isReader(call, way)) return;
  const info = await containerInfo(store, way).catch(() => undefined);
  if (!info || !isAllowed(call, way, method, info)) throw denied(call);
}

function isAllowed(call: Call, { object }: Way, method: string, info: Headers): boolean {
  if (!isReading(method)) return object !== '' && allowsWho(readAcl(info['x-container-write']), call.who);
  const acl = readAcl(info['x-container-read']);
  if (allowsReferrer(acl, call.header('referer')) && (object !== '' || acl.listings)) return true;
  return allowsWho(acl, call.who);
}
