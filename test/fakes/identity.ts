/** identity alone, with cheap passwords, and a hand to ask it with. */
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

/** What answers are made of, as far as tests look. */
export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly access: string;
  readonly message: string;
  readonly expires_at: string;
  readonly issued_at: string;
  readonly methods: readonly string[];
  readonly audit_ids: readonly string[];
  readonly roles: readonly Thing[];
  readonly user: Thing;
  readonly project: Thing;
  readonly catalog: readonly { readonly type: string; readonly endpoints: readonly { readonly url: string }[] }[];
  readonly [more: string]: unknown;
}

export interface Asked {
  readonly status: number;
  readonly body: Readonly<Record<string, Thing>>;
  readonly token: string;
  readonly headers: Headers;
}
export interface AskMore {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One process of identity, and a hand to ask it with. */
export interface IdentityHands {
  readonly url: string;
  ask(method: string, path: string, more?: AskMore): Promise<Asked>;
  /** With a scope, or with none. */
  logIn(user: { name?: string; id?: string; password: string; domain?: string }, scope?: unknown): Promise<Asked>;
  /** The admin's token, of project admin. */
  admin(): Promise<string>;
  /** A user with some roles on a new project; what they need to log in. */
  person(name: string, roles: readonly string[]): Promise<Person>;
}

export interface IdentityWorld extends IdentityHands {
  readonly home: string;
  /** Another process on the same rows and the same secrets. */
  beside(runtime?: Runtime): Promise<IdentityHands>;
  /** Stops it and starts it again, on the same rows. */
  restart(): Promise<void>;
}

/** What it stands on; a bus of its own and silence unless told. */
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

/** The thing of an answer; fails the test with the whole answer when it is not there. */
export function one({ status, body }: Asked, key: string): Thing {
  const thing = body[key];
  if (thing === undefined) throw new Error(`no ${key} in ${status} ${JSON.stringify(body)}`);
  return thing;
}

export const many = (asked: Asked, key: string): readonly Thing[] => one(asked, key) as unknown as readonly Thing[];

/** `t`: a test, or `{ after }` of node:test for all of a file. */
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
  const begin = (listen: number, { bus = memoryBus(), log = silentLog() }: Runtime) => {
    const settings = settingsOf({ cloud: { var: home }, identity: { listen, argonKib: 64, argonPasses: 1, ...more } });
    return start({ settings, log, bus });
  };
  let own: Awaited<ReturnType<typeof begin>> | undefined;
  const others: NonNullable<typeof own>[] = [];
  t.after(async () => {
    await Promise.all([own, ...others].map((each) => each?.close()));
    rmSync(home, { recursive: true });
  });
  own = await begin(port, runtime).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    port = await freePort(); // another test was quicker
    return begin(port, runtime);
  });
  const restart = async () => {
    const before = own;
    own = undefined;
    await before?.close();
    own = await begin(port, runtime);
  };
  const beside = async (other: Runtime = {}) => {
    const its = await freePort();
    others.push(await begin(its, other));
    return hands(`http://127.0.0.1:${its}`);
  };
  return { ...hands(`http://127.0.0.1:${port}`), home, restart, beside };
}

/** Clients find identity by the catalog, which the seed wrote for the usual port, with services that do not run here. */
export async function pointCatalogHere({ ask, admin, url }: IdentityWorld): Promise<void> {
  const token = await admin();
  for (const { id, type } of many(await ask('GET', '/services', { token }), 'services'))
    if (type !== 'identity') await ask('DELETE', `/services/${id}`, { token });
  for (const { id } of many(await ask('GET', '/endpoints', { token }), 'endpoints'))
    await ask('PATCH', `/endpoints/${id}`, { token, body: { endpoint: { url: `${url}/v3` } } });
}

export function hands(url: string): IdentityHands {
  const ask: IdentityWorld['ask'] = async (method, path, { token = '', body, headers = {} } = {}) => {
    const json = { 'content-type': 'application/json', ...(token ? { 'x-auth-token': token } : {}), ...headers };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}/v3${path}`, { method, headers: json, redirect: 'manual', ...sent });
    const text = await answer.text();
    refuseUndescribed(method, `/v3${path}`, answer.status);
    return {
      status: answer.status,
      body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Asked['body'],
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
