/** A Keystone to measure, Wattle's or another: address, login, and data for the benchmark. */
import { type Reply, request as send, textOf } from '#shared/clients/http.ts';
import { withCleanup } from './cleanup.ts';
import { concurrently, type Request } from './measure.ts';
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
  /** The base path: `/v3`. */
  readonly path: string;
  readonly login: Login;
  /** A token of its administrator. */
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
  return { server, path, login, token: tokenOf(await sendTo(server, logInTo(path, login))) };
}

/** The Keystone of OS_AUTH_URL and the other variables of an openrc; undefined when unset. */
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

/** A request with the administrator's token. */
export const asAdmin = ({ path, token }: Keystone, method: string, to: string, body?: unknown): Request => {
  const { headers, ...request } = json(method, path + to, body);
  return { ...request, headers: { ...headers, 'x-auth-token': token } };
};

export const validation = (keystone: Keystone, subject: string): Request => {
  const { headers, ...request } = asAdmin(keystone, 'GET', '/auth/tokens');
  return { ...request, headers: { ...headers, 'x-subject-token': subject } };
};

export const addUser = (keystone: Keystone, user: object) =>
  sendTo(keystone.server, asAdmin(keystone, 'POST', '/users', { user }));

/** `count` tokens of the administrator, each exchanged for the first. */
export async function manyTokens(keystone: Keystone, count: number): Promise<string[]> {
  const { path, token, login, server } = keystone;
  const scope = { project: { name: login.project, domain: { name: login.projectDomain ?? 'Default' } } };
  const exchange = json('POST', `${path}/auth/tokens`, {
    auth: { identity: { methods: ['token'], token: { id: token } }, scope },
  });
  const tokens: string[] = [];
  await concurrently(4, count, async () => void tokens.push(tokenOf(await sendTo(server, exchange))));
  return tokens;
}

/** The domain and the number of users that are listed. */
export const manyUsers = { domain: 'bench-users', count: 10_000 };

export interface Domain {
  readonly id: string;
}

const callAsAdmin = (keystone: Keystone) => (method: string, to: string, body?: unknown) =>
  sendTo(keystone.server, asAdmin(keystone, method, to, body));

export async function findManyUsers(keystone: Keystone): Promise<Domain | undefined> {
  const { body } = await callAsAdmin(keystone)('GET', `/domains?name=${manyUsers.domain}`);
  return (body.domains as Thing[])[0];
}

/** Uses the domain when it exists; otherwise creates it with its users and deletes them after the work. */
export async function withManyUsers(keystone: Keystone, work: (domain: Domain) => Promise<void>): Promise<void> {
  const known = await findManyUsers(keystone);
  if (known) return work(known);
  const ask = callAsAdmin(keystone);
  const { id } = (await ask('POST', '/domains', { domain: { name: manyUsers.domain } })).body.domain as Thing;
  const remove = async () => {
    await ask('PATCH', `/domains/${id}`, { domain: { enabled: false } });
    await ask('DELETE', `/domains/${id}`);
  };
  // without passwords, so that nothing is hashed
  const user = (n: number) => ({ name: `user-${n}`, domain_id: id, email: `user-${n}@example.org` });
  await withCleanup(remove, async () => {
    await concurrently(8, manyUsers.count, (n) => ask('POST', '/users', { user: user(n) }));
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

const slowMs = 900_000; // deleting a domain with ten thousand users takes minutes

async function sendTo({ host, port }: Server, { method = 'GET', path, headers = {}, body }: Request) {
  const url = `http://${host}:${port}${path}`;
  const reply = await send(url, { method, headers, timeoutMs: slowMs, ...(body === undefined ? {} : { body }) });
  const text = await textOf(reply);
  if (reply.status >= 400) throw new Error(`${method} ${path} returned ${reply.status}: ${text}`);
  return { headers: reply.headers, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
}

const tokenOf = ({ headers }: Pick<Reply, 'headers'>): string => String(headers['x-subject-token']);
