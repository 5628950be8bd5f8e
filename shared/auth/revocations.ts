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
  /** A group that another's word puts users in; those who are in it here are named themselves. */
  readonly group?: string;
  /** All whom a domain keeps in a directory of its own. */
  readonly usersOf?: string;
  readonly before: number;
}

export interface Revocations {
  has(claims: Claims): boolean;
  add(list: readonly Revocation[]): void;
}

type Named = Exclude<keyof Revocation, 'before'>;
const names: readonly Named[] = ['audit', 'chain', 'user', 'project', 'domain', 'by', 'group', 'usersOf'];

export function revocationsOf(list: readonly Revocation[]): Revocations {
  const latest = new Map<string, number>();
  const shapes = new Map<string, readonly Named[]>();
  const add = (more: readonly Revocation[]) => {
    for (const revocation of more) {
      const given = names.filter((name) => revocation[name] !== undefined);
      shapes.set(given.join(), given);
      const key = keyOf(given, revocation);
      latest.set(key, Math.max(latest.get(key) ?? 0, revocation.before));
    }
  };
  add(list);
  const has = (claims: Claims) => {
    const facts = factsOf(claims);
    const isMeant = (some: Facts) =>
      [...shapes.values()].some((given) => claims.iat <= (latest.get(keyOf(given, some)) ?? 0));
    return isMeant(facts) || (claims.federated?.groups.some((group) => isMeant({ ...facts, group })) ?? false);
  };
  return { has, add };
}

type Facts = Partial<Record<Named, string>>;

const keyOf = (given: readonly Named[], facts: Facts) => given.map((name) => `${name}=${facts[name]}`).join('&');

const factsOf = (claims: Claims): Facts => ({
  audit: claims.audit[0] ?? '',
  chain: claims.audit.at(-1) ?? '',
  user: claims.sub,
  usersOf: claims.domain,
  ...(claims.project ? { project: claims.project.id } : {}),
  ...(claims.domainScope ? { domain: claims.domainScope } : {}),
  ...(claims.by ? { by: claims.by } : {}),
});
