/** Sessions of browsers. The token stays here; the browser has a random id in a cookie, with which the token is sealed. */
import { createHash, randomBytes } from 'node:crypto';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { type Ask, type Reply, request } from '#shared/clients/http.ts';
import { readJson } from '#shared/clients/session.ts';
import { Fault, forbidden, unauthorized } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import {
  type Credentials,
  isValid,
  type Login,
  listProjects,
  logInByPassword,
  logInToProject,
  type Project,
  revoke,
} from './login.ts';
import { openToken, sealToken } from './sealed-token.ts';
import { deleteSession, findSession, hashOf, insertSession, type SessionRow, updateSession } from './store.ts';

export type ServiceType = 'compute' | 'image' | 'network' | 'volumev3';

export interface Session extends Omit<SessionRow, 'token' | 'endpoints'> {
  /** The value of the cookie. */
  readonly id: string;
  /** What the page sends with each change, so that no other site can make one. */
  readonly csrf: string;
  readonly token: string;
  /** Asks a service as the user. Throws a Fault with what it answers; 401 ends the session. */
  json<T>(type: ServiceType, path: string, input?: { readonly method?: string; readonly body?: unknown }): Promise<T>;
  raw(type: ServiceType, path: string, ask?: Ask): Promise<Reply>;
}

const ended = () => unauthorized('Your session has ended: log in again.');

/** Behind TLS the browser lets nobody else set the cookie: neither another host of the domain nor a page without TLS. */
const cookieName = (base: string): string => (base.startsWith('https:') ? '__Host-wattle_session' : 'wattle_session');

/** The value of the cookie; '' without one. */
function cookieIn({ header, base }: Pick<Call, 'header' | 'base'>): string {
  const start = `${cookieName(base)}=`;
  const pair = (header('cookie') ?? '').split('; ').find((each) => each.startsWith(start));
  return pair?.slice(start.length) ?? '';
}

/** Cookies are shared by all ports of a host, so SameSite is not enough: the origin has to be ours. */
export function refuseForeign({ header, base }: Pick<Call, 'header' | 'base'>): void {
  const origin = header('origin');
  const site = header('sec-fetch-site');
  if (origin !== undefined && origin !== new URL(base).origin) throw forbidden('The request comes from another site.');
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw forbidden('The request comes from another site.');
}

const csrfOf = (id: string): string => createHash('sha256').update(`csrf ${id}`).digest('base64url');

type Asking = Pick<Call, 'header' | 'base' | 'method'>;

export async function currentSession(dashboard: Dashboard, call: Asking): Promise<Session | undefined> {
  refuseForeign(call);
  const id = cookieIn(call);
  const row = id === '' ? undefined : await findSession(dashboard.db, id);
  return row && sessionFrom(dashboard, row, id);
}

/** The session of a request, before its body is read. Throws 401, and 403 for a change without the page's token. */
export async function getSession(dashboard: Dashboard, call: Asking): Promise<Session> {
  const session = await currentSession(dashboard, call);
  if (!session) throw ended();
  if (call.method !== 'GET' && !isSameSecret(session.csrf, call.header('x-csrf-token') ?? ''))
    throw forbidden('The request was not made by this page: load it again.');
  return session;
}

function sessionFrom(dashboard: Dashboard, { token: sealed, endpoints, ...row }: SessionRow, id: string): Session {
  const token = openToken(id, sealed);
  const urls = new Map(Object.entries(JSON.parse(endpoints) as Record<string, string>));
  const raw: Session['raw'] = async (type, path, { headers, ...ask } = {}) => {
    const base = urls.get(type);
    if (base === undefined) throw new Fault(404, 'notFound', `This cloud has no ${type} service.`);
    const reply = await request(base + path, { ...ask, headers: { 'x-auth-token': token, ...versions, ...headers } });
    if (reply.status !== 401) return reply;
    reply.stream.destroy();
    await deleteSession(dashboard.db, row.idHash);
    throw ended();
  };
  const json: Session['json'] = async (type, path, { method = 'GET', body } = {}) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    return readJson(await raw(type, path, { method, ...sent, headers }), `${method} ${type} ${path}`);
  };
  return { ...row, id, csrf: csrfOf(id), token, json, raw };
}

const versions = { 'openstack-api-version': 'compute 2.93' };

/** Throws 401, and ends the session, when the token was revoked. */
export async function checkToken(dashboard: Dashboard, { idHash, token }: Session): Promise<void> {
  if (await isValid(dashboard, token)) return;
  await deleteSession(dashboard.db, idHash);
  throw ended();
}

/** Logs in to the user's own project or else the first one. Returns the cookie with the session. */
export async function logIn(dashboard: Dashboard, call: Call, credentials: Credentials) {
  refuseForeign(call);
  const user = await logInByPassword(dashboard, credentials, call.address);
  const projects = await listProjects(dashboard, user.token);
  const first = projects.find(({ id }) => id === user.project?.id) ?? projects[0];
  if (!first)
    throw forbidden(
      `${credentials.user} has no role in any project: ask an administrator to give one, then log in again.`,
    );
  const login = user.project?.id === first.id ? user : await logInToProject(dashboard, user.token, first.id);
  const id = randomBytes(32).toString('base64url');
  const row = rowOf(id, login, first);
  await insertSession(dashboard.db, row);
  const session = sessionFrom(dashboard, row, id);
  return { session, projects, cookie: cookieOf(call, id, row.expiresAt) };
}

function rowOf(id: string, login: Login, project: Project): SessionRow {
  const { token, userId, userName, endpoints, expiresAt } = login;
  return {
    idHash: hashOf(id),
    token: sealToken(id, token),
    userId,
    userName,
    projectId: project.id,
    projectName: project.name,
    endpoints: JSON.stringify(endpoints),
    expiresAt,
  };
}

/** Strict: no other site's link or form carries it. */
function cookieOf({ base }: Pick<Call, 'base'>, id: string, expiresAt: number): string {
  const seconds = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
  const secure = base.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(base)}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

/** The projects that the user can change to. */
export const projectsOf = (dashboard: Dashboard, { token }: Session): Promise<Project[]> =>
  listProjects(dashboard, token);

export async function changeProject(dashboard: Dashboard, session: Session, id: string): Promise<Session> {
  const login = await logInToProject(dashboard, session.token, id);
  const row = rowOf(session.id, login, login.project ?? { id, name: id });
  await updateSession(dashboard.db, row);
  return sessionFrom(dashboard, row, session.id);
}

/** Ends the session, and the token everywhere. Returns the cookie that removes itself. */
export async function logOut(dashboard: Dashboard, call: Call, { idHash, token }: Session): Promise<string> {
  await deleteSession(dashboard.db, idHash);
  await revoke(dashboard, token);
  return cookieOf(call, '', 0);
}
