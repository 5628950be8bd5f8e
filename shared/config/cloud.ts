/** The section `cloud`: what all parts of one cloud agree on. */
import { join } from 'node:path';
import { number, oneOf, type Settings, text } from './settings.ts';

export const cloudSection = {
  id: text('w001', 'four letters or digits that mark everything of this cloud on a host; made with var/'),
  address: text('127.0.0.1', 'where all services listen, unless a service says otherwise'),
  publicAddress: text('', 'the name or address clients use in URLs; empty: the same as address'),
  var: text('./var', 'where everything of this cloud lives'),
  identityUrl: text('', 'where identity answers, with /v3; empty: at address, port 5000'),
  region: text('RegionOne', 'the region of the catalog'),
  bus: text('memory', 'memory, or amqp://user:password@host:port'),
  database: text('sqlite', 'sqlite: files below var/db; or mysql://user:password@host:port, a schema per service'),
  host: text('', 'the name of this host; empty: the name the machine has'),
  validation: oneOf(['everyday', 'strict'], 'everyday', 'strict: express-openapi-validator judges every request too'),
  idleMs: number(30_000, 'how often agents look for work and report when no hint comes'),
};

export type Cloud = ReturnType<typeof readCloud>;

export function readCloud(settings: Settings) {
  const cloud = settings.read('cloud', cloudSection);
  return { ...cloud, publicAddress: cloud.publicAddress || cloud.address };
}

/** Where who is not let in is told to log in. */
export const loginUrlOf = ({ identityUrl, publicAddress }: Cloud): string =>
  identityUrl || `http://${publicAddress}:5000`;

/** Where a service keeps its rows: its own file, or its own schema. */
export const databaseOf = (cloud: Cloud, service: string): string =>
  cloud.database === 'sqlite'
    ? `sqlite:${join(cloud.var, 'db', `${service}.sqlite`)}`
    : `${cloud.database.replace(/\/$/, '')}/wattle_${service.replaceAll('-', '_')}`;

/** `8774` listens at the cloud's address; `10.0.0.1:8774` says it all. */
export function listenAt(cloud: Cloud, listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':');
  const host = colon < 0 ? cloud.address : listen.slice(0, colon);
  return { host, port: Number(listen.slice(colon + 1)) };
}
