/** Authorization: users of the account's project by their roles, all others by the ACLs of the container. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { allowsCaller, allowsReferrer, mentionsByName, readAcl } from './acl.ts';
import { refuse } from './refusals.ts';
import type { Grant, ObjectPath, ObjectRequest } from './request.ts';

const prefix = 'AUTH_';
/** The domain of the account's project, from tokens of that project: names in ACLs count only in the default domain. */
export const domainHeader = 'x-account-sysmeta-project-domain-id';

/** Returns the headers of a container. Throws 404. */
export const containerInfo = async (store: ObjectStore, { account, container }: ObjectPath): Promise<Headers> =>
  (await read(store, { kind: 'container', method: 'HEAD', path: [account, container] })).headers;

/** Returns the headers of an account; none before its first write. */
export async function accountInfo(store: ObjectStore, { account }: Pick<ObjectPath, 'account'>): Promise<Headers> {
  const found = await read(store, { kind: 'account', method: 'HEAD', path: [account] }).catch(orNone);
  return found?.headers ?? {};
}

/** Returns undefined for a 404 and throws any other error, so that an unavailable ring is a 503. */
export function orNone(error: unknown): undefined {
  if (!(error instanceof Fault) || error.status !== 404) throw error;
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';
const projectOf = (account: string): string | null =>
  account.startsWith(prefix) ? account.slice(prefix.length) : null;

/** Whether the token is scoped to the account's project. */
export const isOwn = ({ call: { caller }, target }: ObjectRequest): boolean =>
  caller.projectId !== null && projectOf(target.account) === caller.projectId;

/** Whether the caller may manage the account and see its ACLs. */
export function isOperator({ call, target: { account } }: ObjectRequest): boolean {
  const target = { project_id: projectOf(account) };
  return call.may('object-store:resell', target) || call.may('object-store:operate', target);
}

const isReader = ({ call, target: { account } }: ObjectRequest): boolean =>
  isReading(call.method) && call.may('object-store:read', { project_id: projectOf(account) });

/** 401 without a valid token, otherwise 403. */
const denied = ({ call }: ObjectRequest) => refuse(call.caller.userId ? 403 : 401);

export function authorizeAccount(request: ObjectRequest): void {
  if (!isOperator(request) && !isReader(request)) throw denied(request);
}

export function authorizeOperator(request: ObjectRequest): void {
  if (!isOperator(request)) throw denied(request);
}

/** Throws 401 or 403. Reads the container only when the roles do not suffice. `method` overrides that of the call. */
export async function authorize(request: ObjectRequest, method = request.call.method): Promise<void> {
  if (request.grant) return authorizeGranted(request.grant, request.target);
  if (isOperator(request)) return;
  if (isReading(method) && isReader(request)) return;
  const info = await containerInfo(request.store, request.target).catch(orNone);
  if (!info || !(await isAllowed(request, method, info))) throw denied(request);
}

function authorizeGranted({ account, container }: Grant, target: ObjectPath): void {
  if (account !== target.account || (container !== undefined && container !== target.container)) throw refuse(401);
}

async function isAllowed(request: ObjectRequest, method: string, info: Headers): Promise<boolean> {
  const { store, call, target } = request;
  if (!isReading(method) && target.object === '') return false;
  const acl = readAcl(info[isReading(method) ? 'x-container-read' : 'x-container-write']);
  const isPublic = isReading(method) && allowsReferrer(acl, call.header('referer'));
  if (isPublic && (target.object !== '' || acl.listings)) return true;
  const own = isOwn(request);
  if (allowsCaller(acl, call.caller, { own, names: false })) return true;
  if (!mentionsByName(acl, call.caller)) return false;
  return (own ? call.caller.projectDomainId : (await accountInfo(store, target))[domainHeader]) === 'default';
}
