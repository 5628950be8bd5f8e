/** The service identity alone, with cheap password hashes, and a client for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { type Log, silentLog } from '#shared/log/log.ts';
import { start } from '../../services/identity/service.ts';
import { refuseUndescribed } from './described.ts';
import { freePort } from './free-port.ts';

export const seededUsers = ['admin', 'nova', 'cinder', 'glance', 'neutron', 'placement', 'swift'];

/** Fields of answers that tests read. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly access: string;
  readonly message: string;
  readonly expires_at: string;
  readonly issued_at: string;
  readonly methods: readonly string[];
  readonly audit_ids: readonly string[];
  readonly roles: readonly Resource[];
  readonly user: Resource;
  readonly project: Resource;
  readonly catalog: readonly { readonly type: string; readonly endpoints: readonly { readonly url: string }[] }[];
  readonly [more: string]: unknown;
}

export interface IdentityAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, Resource>>;
  readonly token: string;
  readonly headers: Headers;
}
export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of one process of identity. */
export interface IdentityClient {
  readonly url: string;
  ask(method: string, path: string, more?: RequestOptions): Promise<IdentityAnswer>;
  /** Logs in, with a scope or without. */
  logIn(
    user: { name?: string; id?: string; password: string; domain?: string },
    scope?: unknown,
  ): Promise<IdentityAnswer>;
  /** A token of admin in project admin. */
  admin(): Promise<string>;
  /** Creates a user with roles on a new project and logs in. */
  person(name: string, roles: readonly string[]): Promise<Person>;
}

export interface IdentityWorld extends IdentityClient {
  readonly home: string;
  /** Starts another process on the same database and secrets. */
  startAnother(runtime?: Runtime): Promise<IdentityClient>;
  /** Restarts the process on the same database. */
  restart(): Promise<void>;
}

/** Bus and log; by default a memory bus and no log. */
export interface Runtime {
  readonly bus?: Bus;
  readonly log?: Log;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly projectId: string;
  readonly token: string;
}

/** The resource of an answer; throws with the whole answer when it is missing. */
export function one({ status, body }: IdentityAnswer, key: string): Resource {
  const resource = body[key];
  if (resource === undefined) throw new Error(`no ${key} in ${status} ${JSON.stringify(body)}`);
  return resource;
}

export const many = (asked: IdentityAnswer, key: string): readonly Resource[] =>
  one(asked, key) as unknown as readonly Resource[];

/** `t`: a test, or `{ after }` of node:test for a whole file. */
export async function openIdentity(
  t: { after(end: () => Promise<void>): void },
  more: Readonly<Record<string, unknown>> = {},
  runtime: Runtime = {},
): Promise<IdentityWorld> {
  const home = mkdtempSync(join(tmpdir(), 'identity-'));
  mkdirSync(join(home, 'secrets'));
  for (const name of seededUsers) writeFileSync(join(home, 'secrets', name), `${name}-password`);
  process.env.WATTLE_CHECK_ANSWERS = '1';
  let port = await freePort();
  const startProcess = (listen: number, { bus = memoryBus(), log = silentLog() }: Runtime) => {
    const settings = settingsOf({ cloud: { var: home }, identity: { listen, argonKib: 64, argonPasses: 1, ...more } });
    return start({ settings, log, bus });
  };
  let own: Awaited<ReturnType<typeof startProcess>> | undefined;
  const others: NonNullable<typeof own>[] = [];
  t.after(async () => {
    await Promise.all([own, ...others].map((each) => each?.close()));
    rmSync(home, { recursive: true });
  });
  own = await startProcess(port, runtime).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    port = await freePort(); // another test took the port
    return startProcess(port, runtime);
  });
  const restart = async () => {
    const before = own;
    own = undefined;
    await before?.close();
    own = await startProcess(port, runtime);
  };
  const startAnother = async (other: Runtime = {}) => {
    const otherPort = await freePort();
    others.push(await startProcess(otherPort, other));
    return clientOf(`http://127.0.0.1:${otherPort}`);
  };
  return { ...clientOf(`http://127.0.0.1:${port}`), home, restart, startAnother };
}

/** Rewrites the seeded catalog for clients: endpoints point to this process, other services are removed. */
export async function pointCatalogHere({ ask, admin, url }: IdentityWorld): Promise<void> {
  const token = await admin();
  for (const { id, type } of many(await ask('GET', '/services', { token }), 'services'))
    if (type !== 'identity') await ask('DELETE', `/services/${id}`, { token });
  for (const { id } of many(await ask('GET', '/endpoints', { token }), 'endpoints'))
    await ask('PATCH', `/endpoints/${id}`, { token, body: { endpoint: { url: `${url}/v3` } } });
}

export function clientOf(url: string): IdentityClient {
  const ask: IdentityWorld['ask'] = async (method, path, { token = '', body, headers = {} } = {}) => {
    const json = { 'content-type': 'application/json', ...(token ? { 'x-auth-token': token } : {}), ...headers };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}/v3${path}`, { method, headers: json, redirect: 'manual', ...sent });
    const text = await answer.text();
    refuseUndescribed(method, `/v3${path}`, answer.status);
    return {
      status: answer.status,
      body: (text.startsWith('{') ? JSON.parse(text) : { text }) as IdentityAnswer['body'],
      token: answer.headers.get('x-subject-token') ?? '',
      headers: answer.headers,
    };
  };
  const logIn: IdentityWorld['logIn'] = ({ name, id, password, domain = 'default' }, scope) => {
    const user = id === undefined ? { name, domain: { id: domain }, password } : { id, password };
    const identity = { methods: ['password'], password: { user } };
    return ask('POST', '/auth/tokens', { body: { auth: { identity, ...(scope ? { scope } : {}) } } });
  };
  const inAdmin = { project: { name: 'admin', domain: { id: 'default' } } };
  const admin = async () => (await logIn({ name: 'admin', password: 'admin-password' }, inAdmin)).token;
  const person = async (name: string, roles: readonly string[]): Promise<Person> => {
    const token = await admin();
    const password = `${name}-password`;
    const user = one(await ask('POST', '/users', { token, body: { user: { name, password } } }), 'user');
    const project = one(
      await ask('POST', '/projects', { token, body: { project: { name: `of-${name}` } } }),
      'project',
    );
    const known = many(await ask('GET', '/roles', { token }), 'roles');
    for (const role of known.filter((each) => roles.includes(each.name)))
      await ask('PUT', `/projects/${project.id}/users/${user.id}/roles/${role.id}`, { token });
    const login = await logIn({ id: user.id, password }, { project: { id: project.id } });
    return { id: user.id, name, password, projectId: project.id, token: login.token };
  };
  return { url, ask, logIn, admin, person };
}
