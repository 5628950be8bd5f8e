/**
 * Validates calls to object agents. Their values become file names, rows and dates, so each has a grammar, and the agent
 * checks all of them before it uses any. The answers of other agents are checked with the same grammars.
 */
import type { AgentCall, Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Ring } from './ring.ts';

/** A value does not match its grammar; the message names the value. */
export class Malformed extends Error {}

const timestamp = /^\d{10}\.\d{5}$/;
const replicas = /^(\d{1,2}(,\d{1,2})*)?$/;
const count = /^\d{1,15}$/;

export const isTimestamp = (text: unknown): text is string => typeof text === 'string' && timestamp.test(text);
export const isHash = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{32}$/.test(text);
export const isSuffix = (text: string): boolean => /^[0-9a-f]{3}$/.test(text);
export const isId = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f-]{36}$/.test(text);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const isPartition = ({ partPower }: Pick<Ring, 'partPower'>, partition: number): boolean =>
  Number.isInteger(partition) && partition >= 0 && partition < 2 ** partPower;

/** Headers that are interpreted; all others are stored as text. */
const headers: Readonly<Record<string, RegExp>> = {
  'x-timestamp': timestamp,
  'x-backend-range': /^\d{1,15}-(-1|\d{1,15})$/,
  'x-backend-length': count,
  'x-container-replicas': replicas,
  'x-account-replicas': replicas,
  'x-delete-at': /^\d{0,12}$/,
  'x-object-sysmeta-slo-size': count,
  'x-object-sysmeta-container-update-override-size': count,
};

const query: Readonly<Record<string, RegExp>> = {
  ask: /^[a-z]{1,16}$/,
  hash: /^[0-9a-f]{32}$/,
  suffix: /^[0-9a-f]{3}$/,
  id: /^[0-9a-f-]{36}$/,
  replicas,
  limit: /^\d{1,5}$/,
};

/** The number of path parts of an account, a container and an object. */
export const depths = { account: 1, container: 2, object: 3 };

/** Throws Malformed for an invalid call. */
export function checkCall(ring: Pick<Ring, 'partPower'>, call: AgentCall): void {
  if (!/^[\w.-]+$/.test(call.device) || /^\.+$/.test(call.device)) throw new Malformed('device');
  if (!isPartition(ring, call.partition)) throw new Malformed('partition');
  checkValues(headers, call.headers);
  checkValues(query, call.query ?? {});
  checkPath(call);
  const writes = ['PUT', 'POST', 'DELETE'].includes(call.method) && call.path.length === depths[call.kind];
  if (writes && call.headers['x-timestamp'] === undefined) throw new Malformed('x-timestamp');
}

/** Checks the headers that follow the bytes of an upload. Throws Malformed. */
export const checkFooter = (footer: Headers): void => checkValues(headers, footer);

function checkValues(grammars: Readonly<Record<string, RegExp>>, values: Headers): void {
  for (const name of Object.keys(grammars)) {
    const value = values[name];
    if (value !== undefined && !grammars[name]?.test(value)) throw new Malformed(name);
  }
}

/** A PUT to an account or a container may have one part more: an entry in it. */
function checkPath({ kind, method, path }: AgentCall): void {
  if (method === 'REPLICATE' && path.length === 0) return;
  const own = depths[kind];
  const isEntry = method === 'PUT' && path.length === own + 1 && kind !== 'object';
  if (path.length !== own && !isEntry) throw new Malformed('path');
  if (!isPath(path)) throw new Malformed('path');
}

/** Only the name of an object may contain a slash, so that two paths never have the same hash. */
export const isPath = (path: unknown): path is string[] =>
  Array.isArray(path) &&
  path.every(
    (part, at) => typeof part === 'string' && part !== '' && !part.includes('\0') && (at > 1 || !part.includes('/')),
  );

/** Validates an entry of a listing. Throws Malformed. */
export function entryFrom(value: unknown): Entry {
  const { name, timestamp: at, meta, deleted, bytes, count: objects, type, etag } = fieldsOf(value, 'entry');
  if (typeof name !== 'string' || name === '') throw new Malformed('name');
  if (!isTimestamp(at)) throw new Malformed('timestamp');
  if (meta !== '' && !isTimestamp(meta)) throw new Malformed('meta');
  if (typeof deleted !== 'boolean') throw new Malformed('deleted');
  if (!isCount(bytes) || !isCount(objects)) throw new Malformed('counters');
  if (typeof type !== 'string' || typeof etag !== 'string') throw new Malformed('type or etag');
  return { name, timestamp: at, meta, deleted, bytes, count: objects, type, etag };
}

/** Throws Malformed unless the value is an object. */
export function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(what);
  return value as Readonly<Record<string, unknown>>;
}

/** Parses JSON. Throws Malformed. */
export function jsonFrom(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch (cause) {
    throw new Malformed('JSON', { cause });
  }
}
