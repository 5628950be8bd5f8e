/** What a Keystone says of tokens that we cannot read: believed for a moment, and asked once for all who come meanwhile. */
import { createHash } from 'node:crypto';
import { Lru } from '#shared/clock/lru.ts';
import type { Claims } from './token.ts';

/** Says what an opaque token means that was not signed by one of the known keys: a real Keystone's. */
export type AskElsewhere = (token: string) => Promise<Claims | undefined>;

interface Verdict {
  readonly claims: Claims | undefined;
  /** By the monotonic clock. */
  readonly until: number;
}

const yesMs = 5_000;
const noMs = 1_000;

export function rememberVerdicts(ask: AskElsewhere): AskElsewhere {
  // apart: whoever sends a flood of nonsense pushes no good token out
  const [yes, no] = [new Lru<Verdict>(10_000), new Lru<Verdict>(1_000)];
  const asking = new Map<string, Promise<Claims | undefined>>();
  /** What fails is not remembered. */
  const find = async (key: string, token: string) => {
    const askedAt = performance.now();
    const claims = await ask(token);
    if (claims) yes.set(key, { claims, until: askedAt + yesMs });
    else no.set(key, { claims, until: askedAt + noMs });
    return claims;
  };
  const findBoth = (key: string, token: string) => {
    const answer = asking.get(key) ?? find(key, token).finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };
  return async (token) => {
    const key = createHash('sha256').update(token).digest('base64'); // a other project's token may be long
    const known = living(yes.get(key)) ?? living(no.get(key));
    return known ? known.claims : findBoth(key, token);
  };
}

const living = (verdict: Verdict | undefined): Verdict | undefined => {
  if (!verdict || verdict.until <= performance.now()) return undefined;
  return (verdict.claims?.exp ?? Number.POSITIVE_INFINITY) * 1000 > Date.now() ? verdict : undefined;
};
