/** A domain-scoped token sees only what is in its domain. */
import type { Caller } from '#shared/auth/caller.ts';

type Scope = Pick<Caller, 'domainId'>;

/** Whether a list is filtered by another domain than that of the token; the result is then empty. */
export const isOtherDomain = ({ domainId }: Scope, domainFilter: string | null | undefined): boolean =>
  domainId !== null && typeof domainFilter === 'string' && domainFilter !== domainId;

export const inTokenDomain = <T extends { readonly domainId: string }>(
  { domainId }: Scope,
  items: readonly T[],
): readonly T[] => (domainId === null ? items : items.filter((each) => each.domainId === domainId));
