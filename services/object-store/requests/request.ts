/** What a Swift request names: account, container, object, as the bytes of the path say. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import { refuse } from './refusals.ts';

export interface Way {
  readonly account: string;
  /** Empty when the request is about the account. */
  readonly container: string;
  /** Empty when it is about the container. */
  readonly object: string;
}

const longest = { account: 256, container: 256, object: 1024 };

/** Express takes slashes together and off the end; the names of objects have them. */
export function wayOf({ url }: Call): Way {
  const [path = ''] = url.split('?');
  const [, , account = '', container = '', ...object] = path.split('/');
  return checked({ account: decoded(account), container: decoded(container), object: decoded(object.join('/')) });
}

/** `container/object` of X-Copy-From and of large objects, still encoded or not. */
export function wayFrom(account: string, text: string, encoded: boolean): Way {
  const [container = '', ...object] = (encoded ? decoded(text) : text).replace(/^\//, '').split('/');
  if (!container || object.join('/') === '') throw refuse(412, 'the name must be of the form <container>/<object>');
  return checked({ account, container, object: object.join('/') });
}

export function decoded(text: string): string {
  try {
    const name = decodeURIComponent(text);
    if (!name.includes('\0')) return name;
  } catch {
    // not UTF-8: the same refusal
  }
  throw refuse(412, 'Invalid UTF8 or contains NULL');
}

function checked(way: Way): Way {
  if (way.container.includes('/')) throw refuse(400, 'Invalid container name');
  for (const [part, limit] of Object.entries(longest)) {
    const length = Buffer.byteLength(way[part as keyof Way]);
    if (length > limit) throw refuse(400, `${part} name length of ${length} longer than ${limit}`);
  }
  return way;
}

export const partsOf = ({ account, container, object }: Way): string[] => [account, container, object].filter(Boolean);

export const headersIn = ({ stream }: Pick<Call, 'stream'>): Headers =>
  Object.fromEntries(Object.entries(stream.headers).map(([name, value]) => [name, String(value)]));

export const isTrue = (word: string | undefined): boolean => /^(true|1|yes|on|t|y)$/i.test(word ?? '');
