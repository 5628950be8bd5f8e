/** Revocations of tokens, in hash maps by the claims they name: a check costs the same for any number of them. */
import type { Claims } from './token.ts';

/** Revokes the tokens that match all of its properties and were issued before `before` (seconds). */
export interface Revocation {
  readonly audit?: string;
  readonly chain?: string;
  readonly user?: string;
  readonly project?: string;
  readonly domain?: string;
  readonly by?: string;
  /** A group of federated users. For local members of a group there is one revocation per user. */
  readonly group?: string;
  /** A domain whose users are in an LDAP directory: all of them. */
  readonly usersOf?: string;
  readonly before: number;
}

export interface Revocations {
  has(claims: Claims): boolean;
  add(list: readonly Revocation[]): void;
}

type Property = Exclude<keyof Revocation, 'before'>;
const properties: readonly Property[] = ['audit', 'chain', 'user', 'project', 'domain', 'by', 'group', 'usersOf'];

export function revocationsOf(list: readonly Revocation[]): Revocations {
  const latest = new Map<string, number>();
  const shapes = new Map<string, readonly Property[]>();
  const add = (more: readonly Revocation[]) => {
    for (const revocation of more) {
      const given = properties.filter((name) => revocation[name] !== undefined);
      shapes.set(given.join(), given);
      const key = keyOf(given, revocation);
      latest.set(key, Math.max(latest.get(key) ?? 0, revocation.before));
    }
  };
  add(list);
  const has = (claims: Claims) => {
    const facts = factsOf(claims);
    const isRevoked = (some: Facts) =>
      [...shapes.values()].some((given) => claims.iat <= (latest.get(keyOf(given, some)) ?? 0));
    return isRevoked(facts) || (claims.federated?.groups.some((group) => isRevoked({ ...facts, group })) ?? false);
  };
  return { has, add };
}

type Facts = Partial<Record<Property, string>>;

const keyOf = (given: readonly Property[], facts: Facts) => given.map((name) => `${name}=${facts[name]}`).join('&');

const factsOf = (claims: Claims): Facts => ({
  audit: claims.audit[0] ?? '',
  chain: claims.audit.at(-1) ?? '',
  user: claims.sub,
  usersOf: claims.domain,
  ...(claims.project ? { project: claims.project.id } : {}),
  ...(claims.domainScope ? { domain: claims.domainScope } : {}),
  ...(claims.by ? { by: claims.by } : {}),
});
