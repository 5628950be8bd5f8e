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

/** The same, cut where the settings want it: `truncated` says that there is more. */
export function limitedTo(
  { config }: Pick<Identity, 'config'>,
  call: Pick<Call, 'base' | 'url' | 'query'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> {
  const asked = Number(call.query.limit ?? 0);
  const most = Math.min(...[config.listLimit, asked].filter((each) => each > 0), Number.POSITIVE_INFINITY);
  if (items.length <= most) return collection(call, name, items);
  return { ...collection(call, name, items.slice(0, most)), truncated: true };
}
