/** What was taken back before its time. Looked up by what a token names, so their number does not matter. */
import type { Claims } from './token.ts';

/** All that is given must fit, and the token must be issued before `before` (seconds). */
export interface Revocation {
  readonly audit?: string;
  readonly chain?: string;
  readonly user?: string;
  readonly project?: string;
  readonly domain?: string;
  readonly by?: string;
  readonly before: number;
}

export interface Revocations {
  has(claims: Claims): boolean;
}

type Named = Exclude<keyof Revocation, 'before'>;
const names: readonly Named[] = ['audit', 'chain', 'user', 'project', 'domain', 'by'];

export function revocationsOf(list: readonly Revocation[]): Revocations {
  const latest = new Map<string, number>();
  const shapes = new Map<string, readonly Named[]>();
  for (const revocation of list) {
    const given = names.filter((name) => revocation[name] !== undefined);
    shapes.set(given.join(), given);
    const key = keyOf(given, revocation);
    latest.set(key, Math.max(latest.get(key) ?? 0, revocation.before));
  }
  const has = (claims: Claims) => {
    const facts = factsOf(claims);
    return [...shapes.values()].some((given) => claims.iat <= (latest.get(keyOf(given, facts)) ?? 0));
  };
  return { has };
}

const keyOf = (given: readonly Named[], facts: Partial<Record<Named, string>>) =>
  given.map((name) => `${name}=${facts[name]}`).join('&');

const factsOf = (claims: Claims): Partial<Record<Named, string>> => ({
  audit: claims.audit[0] ?? '',
  chain: claims.audit.at(-1) ?? '',
  user: claims.sub,
  ...(claims.project ? { project: claims.project.id } : {}),
  ...(claims.domainScope ? { domain: claims.domainScope } : {}),
  ...(claims.by ? { by: claims.by } : {}),
});
