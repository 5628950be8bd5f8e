/** Parses the account, container and object of a request from the bytes of its path. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import { refuse } from './refusals.ts';

export interface ObjectPath {
  readonly account: string;
  /** Empty for an account. */
  readonly container: string;
  /** Empty for an account and a container. */
  readonly object: string;
}

/** What a signature opens beside the roles of the caller: an account, or one container of it. */
export interface Grant {
  readonly account: string;
  readonly container?: string;
}

/** A call with its path and its headers as they are read once. */
export interface ObjectRequest {
  readonly store: ObjectStore;
  readonly call: Call;
  readonly target: ObjectPath;
  readonly headers: Headers;
  /** It decides instead of the roles. */
  readonly grant?: Grant;
}

export type PathHandler = (request: ObjectRequest) => Promise<Answer>;

const longest = { account: 256, container: 256, object: 1024 };

/** The path is decoded whole and then split, as Swift does: `c%2Fo` is object o of container c. */
export function parsePath({ url }: Pick<Call, 'url'>): ObjectPath {
  const [path = ''] = url.split('?');
  const [, , account = '', container = '', ...object] = decoded(path).split('/');
  const target = { account, container, object: object.join('/') };
  if (account === '' || (container === '' && target.object !== '')) throw refuse(404);
  return checked(target);
}

export function levelOf({ container, object }: ObjectPath): 'account' | 'container' | 'object' {
  if (container === '') return 'account';
  return object === '' ? 'container' : 'object';
}

/** `container/object` of X-Copy-From and of large objects, still encoded or not. */
export function pathFrom(account: string, text: string, encoded: boolean): ObjectPath {
  const [container = '', ...object] = (encoded ? decoded(text) : text).replace(/^\//, '').split('/');
  if (!container || object.join('/') === '') throw refuse(412, 'the name must be of the form <container>/<object>');
  return checked({ account, container, object: object.join('/') });
}

/** `container` or `container/object`, decoded. */
export function pathFromName(account: string, name: string): ObjectPath {
  const [container = '', ...object] = name.split('/');
  if (container === '') throw refuse(412, 'Bad URL');
  return checked({ account, container, object: object.join('/') });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Percent-encoded or raw, as paths and headers have it: each byte one character. Throws 412 unless it is UTF-8. */
export function decoded(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    const name = utf8.decode(Buffer.from(bytes, 'latin1'));
    if (!name.includes('\0')) return name;
  } catch {
    // not UTF-8: the same refusal
  }
  throw refuse(412, 'Invalid UTF8 or contains NULL');
}

/** Throws 400 for a part that is too long. */
export const parsePathOf = (target: ObjectPath): ObjectPath => checked(target);

function checked(target: ObjectPath): ObjectPath {
  for (const [part, limit] of Object.entries(longest)) {
    const length = Buffer.byteLength(target[part as keyof ObjectPath]);
    const name = part.replace(/^./, (first) => first.toUpperCase());
    if (length > limit) throw refuse(400, `${name} name length of ${length} longer than ${limit}`);
  }
  return target;
}

export const partsOf = ({ account, container, object }: ObjectPath): string[] =>
  [account, container, object].filter(Boolean);

/** By lower-case name. */
export const headersIn = ({ stream }: Pick<Call, 'stream'>): Headers =>
  Object.fromEntries(Object.entries(stream.headers).map(([name, value]) => [name, String(value)]));

export const isTrue = (word: string | undefined): boolean => /^(true|1|yes|on|t|y)$/i.test(word ?? '');
