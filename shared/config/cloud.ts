/** The section `cloud`: what all parts of one cloud agree on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSettings, flag, list, number, oneOf, type Settings, text } from './settings.ts';

export const cloudSection = {
  id: text('w001', 'four letters or digits that mark everything of this cloud on a host; made with var/'),
  address: text('127.0.0.1', 'where all services listen, unless a service says otherwise'),
  publicAddress: text('', 'the name or address clients use in URLs; empty: the same as address'),
  var: text('./var', 'where everything of this cloud lives'),
  identityUrl: text('', 'where identity answers, with /v3; empty: at address, port 5000'),
  region: text('RegionOne', 'the region of the catalog'),
  bus: text(
    'memory',
    'memory; amqp://host:port: each role logs in as itself, with the password in var/secrets; or amqp://user:password@host:port, one user for all roles, which then have to trust each other',
  ),
  database: text(
    'sqlite',
    'sqlite: files below var/db; mysql://host:port: a schema and a user per service, with the password in var/secrets; or mysql://user:password@host:port, one user for all schemas',
  ),
  host: text('', 'the name of this host; empty: the name the machine has'),
  validation: oneOf(['everyday', 'strict'], 'everyday', 'strict: express-openapi-validator judges every request too'),
  idleMs: number(30_000, 'how often agents look for work and report when no hint comes'),
  trustedProxies: list([], 'addresses or networks of proxies whose X-Forwarded-Proto, -Host and -For are believed'),
  connections: number(8192, 'connections that an API holds at once; one more hears 503'),
  connectionsPerAddress: number(2048, 'the same of one address that is no trusted proxy'),
  headersMs: number(30_000, 'how long the head of a request may take'),
  bodyIdleMs: number(60_000, 'how long the next bytes of a body may keep an API waiting; then 408'),
  requestLog: flag(true, 'whether each request leaves a line in requests.log, and each refusal one in security.log'),
  requestLogMb: number(32, 'how large such a file grows before it is put aside'),
  requestLogFiles: number(4, 'how many of those put aside are kept'),
  reserveMb: number(8, 'room kept back in var/ that deletes may use when the disk is full; 0: none'),
  stallMs: number(100, 'how long the event loop may stand still before the log says where; 0: never'),
};

/** Settings that every API has. */
export const apiSettings = {
  publicUrl: text(
    '',
    'where clients find this API, for links: https://cloud.example:8774; empty: as each request says',
  ),
};

export type Cloud = ReturnType<typeof readCloud>;

export function readCloud(settings: Settings) {
  const cloud = settings.read('cloud', cloudSection);
  return { ...cloud, publicAddress: cloud.publicAddress || cloud.address };
}

/** Where who is not let in is told to log in. */
export const loginUrlOf = ({ identityUrl, publicAddress }: Cloud): string =>
  identityUrl || `http://${publicAddress}:5000`;

/** A service's own schema on a database server; its user there has the same name. */
export const schemaOf = (service: string): string => `wattle_${service.replaceAll('-', '_')}`;

/** Files below var/secrets with the passwords of a role's own users. */
export const databaseSecret = (service: string): string => `database-${service}`;
export const busSecret = (user: string): string => `bus-${user}`;

/** Where a service keeps its rows: its own file, or its own schema. */
export function databaseOf(cloud: Cloud, service: string): string {
  if (cloud.database === 'sqlite') return `sqlite:${join(cloud.var, 'db', `${service}.sqlite`)}`;
  const server = cloud.database.replace(/\/$/, '');
  const url = namesUser(server)
    ? server
    : withLogin(server, schemaOf(service), secretIn(cloud, databaseSecret(service)));
  return `${url}/${schemaOf(service)}`;
}

/** The broker for a role. `user` is undefined where all roles share one. */
export function busOf(cloud: Cloud, user: string): { readonly url: string; readonly user?: string } {
  if (cloud.bus === 'memory' || namesUser(cloud.bus)) return { url: cloud.bus };
  return { url: withLogin(cloud.bus, user, secretIn(cloud, busSecret(user))), user };
}

const namesUser = (url: string) => /^\w+:\/\/[^/]*@/.test(url);

const withLogin = (url: string, user: string, password: string) =>
  url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);

function secretIn(cloud: Cloud, name: string): string {
  const file = join(cloud.var, 'secrets', name);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new BadSettings(`${file} cannot be read: this host holds no password of that user`, { cause });
  }
}

/** `8774` listens at the cloud's address; `10.0.0.1:8774` says it all. */
export function listenAt(cloud: Cloud, listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':');
  const host = colon < 0 ? cloud.address : listen.slice(0, colon);
  return { host, port: Number(listen.slice(colon + 1)) };
}
