/** Metadata headers of accounts, containers and objects, with Swift's limits. */
import { extname } from 'node:path/posix';
import { lookup } from 'mime-types';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { own } from '#shared/input/own.ts';
import { titled } from '../dialect.ts';
import { refuse } from './refusals.ts';

export const limits = { name: 128, value: 256, count: 90, overall: 4096, header: 8192 };

type Thing = 'account' | 'container' | 'object';

/** The `X-<thing>-Meta-` headers of a request; those to be removed have no value, and a value said beside counts more. */
export function metadataOf(headers: Headers, thing: Thing): Headers {
  const prefix = `x-${thing}-meta-`;
  const remove = `x-remove-${thing}-meta-`;
  const set: [string, string][] = [];
  const removed: [string, string][] = [];
  for (const name of Object.keys(headers)) {
    if (name.startsWith(prefix)) set.push([name, headers[name] ?? '']);
    else if (name.startsWith(remove)) removed.push([prefix + name.slice(remove.length), '']);
  }
  checkMetadata(prefix, set);
  if (thing === 'object') return Object.fromEntries(set); // all of it is replaced: there is nothing to remove
  return Object.fromEntries([...removed, ...set]);
}

function checkMetadata(prefix: string, found: readonly (readonly [header: string, value: string])[]): void {
  let size = 0;
  for (const [header, value] of found) {
    const name = header.slice(prefix.length);
    if (name === '') throw refuse(400, 'Metadata name cannot be empty');
    if (value.length > limits.header)
      throw refuse(400, `Header value too long: ${titled(header).slice(0, limits.name)}`);
    if (name.length > limits.name) throw refuse(400, `Metadata name too long: ${titled(header)}`);
    if (value.length > limits.value) throw refuse(400, `Metadata value longer than ${limits.value}: ${titled(header)}`);
    size += name.length + value.length;
  }
  if (found.length > limits.count) throw refuse(400, `Too many metadata items; max ${limits.count}`);
  if (size > limits.overall) throw refuse(400, `Total metadata too large; max ${limits.overall}`);
}

/** The other headers that a client may set on an object. */
const described = [
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
  'x-robots-tag',
];

export function objectHeadersOf(headers: Headers): Headers {
  const said = described.filter((name) => headers[name]).map((name) => [name, headers[name] ?? '']);
  return { ...metadataOf(headers, 'object'), ...Object.fromEntries(said), ...deleteAt(headers), ...manifest(headers) };
}

/** In seconds since 1970: what Swift makes of all later times. */
const latestDelete = 9_999_999_999;

/** X-Delete-After counts from now; a moment that is over is refused. */
function deleteAt(headers: Headers): Headers {
  const after = headers['x-delete-after'];
  const at =
    after === undefined
      ? headers['x-delete-at']
      : String(Math.min(Math.floor(Date.now() / 1000) + integer('X-Delete-After', after), latestDelete));
  if (at === undefined || headers['x-remove-delete-at']) return {};
  const seconds = Math.min(integer('X-Delete-At', at), latestDelete);
  if (seconds * 1000 <= Date.now()) throw refuse(400, 'X-Delete-At in past');
  return { 'x-delete-at': String(seconds) };
}

function integer(name: string, text: string): number {
  if (!/^-?\d+$/.test(text.trim())) throw refuse(400, `Non-integer ${name}`);
  return Number(text);
}

function manifest({ 'x-object-manifest': value }: Headers): Headers {
  if (value === undefined) return {};
  const [container, ...prefix] = value.split('/');
  if (!container || prefix.join('/') === '' || /[?&]/.test(value))
    throw refuse(400, 'X-Object-Manifest must be in the format container/prefix');
  return { 'x-object-manifest': value };
}

/** Types that Python's mimetypes names otherwise than mime-types. */
const types: Readonly<Record<string, string>> = {
  py: 'text/x-python',
  xml: 'text/xml',
  tgz: 'application/x-tar',
  wav: 'audio/x-wav',
};

export function contentTypeOf(headers: Headers, name: string): string {
  const said = headers['content-type'];
  if (said && !headers['x-detect-content-type']) return said;
  const ending = extname(name).slice(1).toLowerCase();
  return own(types, ending) ?? (lookup(ending) || 'application/octet-stream');
}
