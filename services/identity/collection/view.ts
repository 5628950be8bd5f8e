import type { Call } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

/** A list as Keystone wraps it: never in pages. */
export const collection = (
  { base, url }: Pick<Call, 'base' | 'url'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> => ({
  [name]: items,
  links: { next: null, self: base + url, previous: null },
});

/** How many a list may tell: what the settings say, or fewer when that was asked. */
export function maxItemsOf({ config }: Pick<Identity, 'config'>, { query }: Pick<Call, 'query'>): number {
  const asked = Math.floor(Number(query.limit ?? 0));
  return Math.min(...[config.listLimit, asked].filter((each) => each > 0), Number.POSITIVE_INFINITY);
}

/** The same, cut there: `truncated` says that there is more. */
export function limitedCollection(
  identity: Pick<Identity, 'config'>,
  call: Pick<Call, 'base' | 'url' | 'query'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> {
  const most = maxItemsOf(identity, call);
  if (items.length <= most) return collection(call, name, items);
  return { ...collection(call, name, items.slice(0, most)), truncated: true };
}
