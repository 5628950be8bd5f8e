/** A Keystone to measure, ours or another: where it is, who asks it, and what it holds for the bench. */
import { type Reply, request as send, textOf } from '#shared/clients/http.ts';
import { ending } from './ending.ts';
import { type Request, sideBySide } from './measure.ts';
import { type Server, serverAt } from './server.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly project: string;
  readonly userDomain?: string;
  readonly projectDomain?: string;
}

export interface Keystone {
  readonly server: Server;
  /** Where its API begins: `/v3`. */
  readonly path: string;
  readonly login: Login;
  /** Of its administrator. */
  readonly token: string;
}

export function logInTo(path: string, login: Login): Request {
  const { user: name, password, project, userDomain = 'Default', projectDomain = 'Default' } = login;
  const user = { name, password, domain: { name: userDomain } };
  const identity = { methods: ['password'], password: { user } };
  const scope = { project: { name: project, domain: { name: projectDomain } } };
  return json('POST', `${path}/auth/tokens`, { auth: { identity, scope } });
}

export async function openKeystone(server: Server, path: string, login: Login): Promise<Keystone> {
  return { server, path, login, token: tokenOf(await askOf(server, logInTo(path, login))) };
}

/** The one that OS_AUTH_URL names, as an openrc sets it; undefined without. */
export async function namedKeystone(env: NodeJS.ProcessEnv): Promise<Keystone | undefined> {
  if (!env.OS_AUTH_URL) return undefined;
  const url = new URL(env.OS_AUTH_URL);
  const path = `${url.pathname.replace(/\/(v3)?\/?$/, '')}/v3`;
  return openKeystone(await serverAt(url), path, {
    user: env.OS_USERNAME ?? '',
    password: env.OS_PASSWORD ?? '',
    project: env.OS_PROJECT_NAME ?? '',
    ...(env.OS_USER_DOMAIN_NAME ? { userDomain: env.OS_USER_DOMAIN_NAME } : {}),
    ...(env.OS_PROJECT_DOMAIN_NAME ? { projectDomain: env.OS_PROJECT_DOMAIN_NAME } : {}),
  });
}

/** What its administrator asks. */
export const asAdmin = ({ path, token }: Keystone, method: string, to: string, body?: unknown): Request => {
  const { headers, ...request } = json(method, path + to, body);
  return { ...request, headers: { ...headers, 'x-auth-token': token } };
};

export const validation = (keystone: Keystone, subject: string): Request => {
  const { headers, ...request } = asAdmin(keystone, 'GET', '/auth/tokens');
  return { ...request, headers: { ...headers, 'x-subject-token': subject } };
};

export const addUser = (keystone: Keystone, user: object) =>
  askOf(keystone.server, asAdmin(keystone, 'POST', '/users', { user }));

/** So many tokens of the administrator, each made from the first. */
export async function manyTokens(keystone: Keystone, count: number): Promise<string[]> {
  const { path, token, login, server } = keystone;
  const scope = { project: { name: login.project, domain: { name: login.projectDomain ?? 'Default' } } };
  const exchange = json('POST', `${path}/auth/tokens`, {
    auth: { identity: { methods: ['token'], token: { id: token } }, scope },
  });
  const tokens: string[] = [];
  await sideBySide(4, count, async () => void tokens.push(tokenOf(await askOf(server, exchange))));
  return tokens;
}

/** Where the users are that the bench lists. */
export const manyUsers = { domain: 'bench-users', count: 10_000 };

export interface Domain {
  readonly id: string;
}

const asker = (keystone: Keystone) => (method: string, to: string, body?: unknown) =>
  askOf(keystone.server, asAdmin(keystone, method, to, body));

export async function findManyUsers(keystone: Keystone): Promise<Domain | undefined> {
  const { body } = await asker(keystone)('GET', `/domains?name=${manyUsers.domain}`);
  return (body.domains as Thing[])[0];
}

/** A domain of that name is used as it is, and stays; one that is made for the work goes with it, its users too. */
export async function withManyUsers(keystone: Keystone, work: (domain: Domain) => Promise<void>): Promise<void> {
  const known = await findManyUsers(keystone);
  if (known) return work(known);
  const ask = asker(keystone);
  const { id } = (await ask('POST', '/domains', { domain: { name: manyUsers.domain } })).body.domain as Thing;
  const remove = async () => {
    await ask('PATCH', `/domains/${id}`, { domain: { enabled: false } });
    await ask('DELETE', `/domains/${id}`);
  };
  // they have no passwords: nothing is hashed for them
  const user = (n: number) => ({ name: `user-${n}`, domain_id: id, email: `user-${n}@example.org` });
  await ending(remove, async () => {
    await sideBySide(8, manyUsers.count, (n) => ask('POST', '/users', { user: user(n) }));
    await work({ id });
  });
}

interface Thing {
  readonly id: string;
}

function json(method: string, path: string, body: unknown): Request {
  if (body === undefined) return { method, path };
  const text = JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  return { method, path, body: text, headers: { 'content-type': 'application/json', 'content-length': length } };
}

const slowMs = 900_000; // to remove a domain of ten thousand takes some minutes

async function askOf({ host, port }: Server, { method = 'GET', path, headers = {}, body }: Request) {
  const url = `http://${host}:${port}${path}`;
  const reply = await send(url, { method, headers, timeoutMs: slowMs, ...(body === undefined ? {} : { body }) });
  const text = await textOf(reply);
  if (reply.status >= 400) throw new Error(`${method} ${path} was answered ${reply.status}: ${text}`);
  return { headers: reply.headers, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
}

const tokenOf = ({ headers }: Pick<Reply, 'headers'>): string => String(headers['x-subject-token']);
