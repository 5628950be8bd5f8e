import type { Call } from '#shared/http/route.ts';

/** A list as Keystone wraps it: never in pages. */
export const collection = (
  { base, url }: Pick<Call, 'base' | 'url'>,
  name: string,
  items: readonly unknown[],
): Record<string, unknown> => ({
  [name]: items,
  links: { next: null, self: base + url, previous: null },
});
