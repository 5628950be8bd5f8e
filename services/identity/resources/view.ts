/** Lists in the form of Keystone, which has no pages. */
import { type Answer, type Call, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

type Place = Pick<Call, 'base' | 'url'>;

export const collection = ({ base, url }: Place, name: string, items: readonly unknown[]): Record<string, unknown> => ({
  [name]: items,
  links: { next: null, self: base + url, previous: null },
});

/** The answer with all items. */
export const listOf = <T>(
  call: Place,
  { many, view }: { readonly many: string; view(item: T, base: string): unknown },
  items: readonly T[],
): Answer => {
  const views = items.map((item) => view(item, call.base));
  return ok(collection(call, many, views));
};

/** The limit on list length: the setting, or a smaller `limit` of the query. */
export function maxItemsOf({ config }: Pick<Identity, 'config'>, { query }: Pick<Call, 'query'>): number {
  const requested = Math.floor(Number(query.limit ?? 0));
  return Math.min(...[config.listLimit, requested].filter((limit) => limit > 0), Number.POSITIVE_INFINITY);
}

/** The answer with as many items; `truncated` is true when items were left out. */
export function limitedListOf<T>(
  identity: Pick<Identity, 'config'>,
  call: Place & Pick<Call, 'query'>,
  { many, view }: { readonly many: string; view(item: T, base: string): unknown },
  items: readonly T[],
): Answer {
  const max = maxItemsOf(identity, call);
  const views = items.slice(0, max).map((item) => view(item, call.base));
  return ok({ ...collection(call, many, views), ...(items.length > max ? { truncated: true } : {}) });
}
