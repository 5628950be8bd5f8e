/** Who may: the project's own people by their roles, everybody else by what the container says. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { allowsReferrer, allowsWho, mentionsByName, readAcl } from './acl.ts';
import { refuse } from './refusals.ts';
import type { Way } from './request.ts';

const prefix = 'AUTH_';
/** The domain of the account's project, told by its own people: names in ACLs count in the default domain alone. */
export const domainHeader = 'x-account-sysmeta-project-domain-id';

/** What a container says of itself. Throws 404. */
export const containerInfo = async (store: ObjectStore, { account, container }: Way): Promise<Headers> =>
  (await read(store, { kind: 'container', method: 'HEAD', path: [account, container] })).headers;

/** What an account says of itself; nothing when nobody has written to it yet. */
export async function accountInfo(store: ObjectStore, { account }: Pick<Way, 'account'>): Promise<Headers> {
  const found = await read(store, { kind: 'account', method: 'HEAD', path: [account] }).catch(orNone);
  return found?.headers ?? {};
}

/** Only what is known not to be there is nothing: who cannot say so is a 503. */
export function orNone(error: unknown): undefined {
  if (!(error instanceof Fault) || error.status !== 404) throw error;
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';
const projectOf = (account: string): string | null =>
  account.startsWith(prefix) ? account.slice(prefix.length) : null;

/** Has the account's own project in its token. */
export const isOwn = ({ who }: Call, { account }: Pick<Way, 'account'>): boolean =>
  who.projectId !== null && projectOf(account) === who.projectId;

/** May manage the account and see its ACLs. */
export function isOperator(call: Call, { account }: Way): boolean {
  const target = { project_id: projectOf(account) };
  return call.may('object-store:resell', target) || call.may('object-store:operate', target);
}

const isReader = (call: Call, { account }: Way): boolean =>
  isReading(call.method) && call.may('object-store:read', { project_id: projectOf(account) });

/** 401 for whom nobody knows, 403 for whom we know and do not let in. */
export const denied = (call: Call) => refuse(call.who.userId ? 403 : 401);

export function authorizeAccount(call: Call, way: Way): void {
  if (!isOperator(call, way) && !isReader(call, way)) throw denied(call);
}

/** Asks the container only when the roles do not say enough. `method` is what is to be done, if the call's is another. */
export async function authorize(store: ObjectStore, call: Call, way: Way, method = call.method): Promise<void> {
  if (isOperator(call, way)) return;
  if (isReading(method) && isReader(call, way)) return;
  const info = await containerInfo(store, way).catch(orNone);
  if (!info || !(await isAllowed(store, call, way, method, info))) throw denied(call);
}

async function isAllowed(store: ObjectStore, call: Call, way: Way, method: string, info: Headers): Promise<boolean> {
  if (!isReading(method) && way.object === '') return false;
  const acl = readAcl(info[isReading(method) ? 'x-container-read' : 'x-container-write']);
  const isPublic = isReading(method) && allowsReferrer(acl, call.header('referer'));
  if (isPublic && (way.object !== '' || acl.listings)) return true;
  const own = isOwn(call, way);
  if (allowsWho(acl, call.who, { own, names: false })) return true;
  if (!mentionsByName(acl, call.who)) return false;
  return (own ? call.who.projectDomainId : (await accountInfo(store, way))[domainHeader]) === 'default';
}
