/** The section `cloud`: settings that all services and agents of one cloud share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSettings, flag, list, number, oneOf, type Settings, text } from './settings.ts';

export const cloudSection = {
  id: text(
    'w001',
    'four letters or digits in the names of all interfaces, namespaces and tables of this cloud; generated with var/',
  ),
  address: text('127.0.0.1', 'where all services listen, unless a service overrides it'),
  publicAddress: text('', 'name or address of this cloud in URLs for clients; empty: same as address'),
  var: text('./var', 'directory of all data of this cloud'),
  publicScheme: oneOf(['http', 'https'], 'http', 'https: clients reach the APIs through a proxy that terminates TLS'),
  identityUrl: text('', 'URL of identity, with /v3; empty: port 5000 of address'),
  region: text('RegionOne', 'region of the service catalog'),
  bus: text(
    'memory',
    'message bus. memory: within one process; amqp://host:port, or amqps:// over TLS: RabbitMQ with a user per role, passwords in var/secrets; amqp://user:password@host:port: RabbitMQ with one user for all roles, without isolation between them; several brokers of one cluster are separated by commas: amqp://host:port,host:port',
  ),
  database: text(
    'sqlite',
    'database. sqlite: files in var/db; mysql://host:port, or mysqls:// over TLS: a schema and a user per service, passwords in var/secrets; mysql://user:password@host:port: one user for all schemas; several servers of which one accepts writes are separated by commas: mysql://host:port,host:port',
  ),
  managementNodes: list([], 'name=address of each management node of a rack, the oldest first; kept by the registry'),
  virtualAddress: text('', 'address of a rack that moves between its management nodes; empty: none'),
  host: text('', 'name of this host; empty: its hostname'),
  validation: oneOf(['default', 'strict'], 'default', 'strict: express-openapi-validator checks every request as well'),
  idleMs: number(8_000, 'interval at which agents report, and look for work in case a notification is lost'),
  trustedProxies: list([], 'addresses or networks of reverse proxies whose X-Forwarded-Proto, -Host and -For are used'),
  connections: number(8192, 'maximum number of connections of an API; further ones are answered 503'),
  connectionsPerAddress: number(2048, 'maximum number of connections per client address that is no trusted proxy'),
  headersMs: number(30_000, 'timeout for receiving the headers of a request'),
  bodyIdleMs: number(60_000, 'timeout for the next bytes of a request body; then 408'),
  requestLog: flag(true, 'write a line per request to requests.log, and per refusal to security.log'),
  requestLogMb: number(32, 'size at which such a file is rotated'),
  requestLogFiles: number(4, 'number of rotated files that are kept'),
  reserveMb: number(8, 'disk space reserved in var/ for deletes when the disk is full; 0: none'),
  stallMs: number(100, 'duration of an event loop stall that is logged, with its stack; 0: never'),
};

/** Settings of every API. */
export const apiSettings = {
  publicUrl: text('', 'base URL of this API in links: https://cloud.example:8774; empty: taken from each request'),
  policyFile: text('', 'policy file that overrides default rules: YAML, rule name to check string; read at the start'),
  enforceScope: flag(true, 'refuse a token whose scope is not among the scope types of a rule'),
};

export type Cloud = ReturnType<typeof readCloud>;

export function readCloud(settings: Settings) {
  const cloud = settings.read('cloud', cloudSection);
  return { ...cloud, publicAddress: cloud.publicAddress || cloud.address };
}

/** The identity URL that 401 responses name in WWW-Authenticate. */
export const loginUrlOf = ({ identityUrl, publicAddress, publicScheme }: Cloud): string =>
  identityUrl || `${publicScheme}://${publicAddress}:5000`;

/** A service's own schema on a database server; its user there has the same name. */
export const schemaOf = (service: string): string => `wattle_${service.replaceAll('-', '_')}`;

/** Names of files below var/secrets: the passwords of a role's users of the database and the broker. */
export const databaseSecret = (service: string): string => `database-${service}`;
export const busSecret = (user: string): string => `bus-${user}`;

/** The database URL of a service: its own sqlite file or its own schema. Throws BadSettings when its password is missing. */
export function databaseOf(cloud: Pick<Cloud, 'database' | 'var'>, service: string): string {
  if (cloud.database === 'sqlite') return `sqlite:${join(cloud.var, 'db', `${service}.sqlite`)}`;
  const server = cloud.database.replace(/\/$/, '');
  const url = namesUser(server)
    ? server
    : withLogin(server, schemaOf(service), secretIn(cloud, databaseSecret(service)));
  return `${url}/${schemaOf(service)}`;
}

/** The URL of the bus for a role. `user` is undefined where all roles share one. Throws like databaseOf. */
export function busOf(cloud: Cloud, user: string): { readonly url: string; readonly user?: string } {
  if (cloud.bus === 'memory' || namesUser(cloud.bus)) return { url: cloud.bus };
  return { url: withLogin(cloud.bus, user, secretIn(cloud, busSecret(user))), user };
}

const namesUser = (url: string) => /^\w+:\/\/[^/]*@/.test(url);

const withLogin = (url: string, user: string, password: string) =>
  url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);

function secretIn(cloud: Pick<Cloud, 'var'>, name: string): string {
  const file = join(cloud.var, 'secrets', name);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new BadSettings(`${file} cannot be read: this host has no password for that user`, { cause });
  }
}

/** Parses a setting `listen`: `8774` (at the cloud's address) or `10.0.0.1:8774`. */
export function listenAt(cloud: Cloud, listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':');
  const host = colon < 0 ? cloud.address : listen.slice(0, colon);
  return { host, port: Number(listen.slice(colon + 1)) };
}
