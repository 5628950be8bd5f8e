import type { Call } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

/** A list in the form of Keystone, which has no pages. */
export const collection = (
  { base, url }: Pick<Call, 'base' | 'url'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> => ({
  [name]: items,
  links: { next: null, self: base + url, previous: null },
});

/** The limit on list length: the setting, or a smaller `limit` of the query. */
export function maxItemsOf({ config }: Pick<Identity, 'config'>, { query }: Pick<Call, 'query'>): number {
  const requested = Math.floor(Number(query.limit ?? 0));
  return Math.min(...[config.listLimit, requested].filter((limit) => limit > 0), Number.POSITIVE_INFINITY);
}

/** A list cut to that limit; `truncated` is true when items were left out. */
export function limitedCollection(
  identity: Pick<Identity, 'config'>,
  call: Pick<Call, 'base' | 'url' | 'query'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> {
  const max = maxItemsOf(identity, call);
  if (items.length <= max) return collection(call, name, items);
  return { ...collection(call, name, items.slice(0, max)), truncated: true };
}
