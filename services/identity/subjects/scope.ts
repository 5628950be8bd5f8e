/** A domain's token sees what is of its domain, in lists and in what is listed below something else. */
import type { Caller } from '#shared/auth/caller.ts';

type Scope = Pick<Caller, 'domainId'>;

/** Whether a list is asked for another domain than the token's: then nothing is in it. */
export const isOtherDomain = ({ domainId }: Scope, asked: string | null | undefined): boolean =>
  domainId !== null && typeof asked === 'string' && asked !== domainId;

export const inTokenDomain = <T extends { readonly domainId: string }>(
  { domainId }: Scope,
  all: readonly T[],
): readonly T[] => (domainId === null ? all : all.filter((each) => each.domainId === domainId));
