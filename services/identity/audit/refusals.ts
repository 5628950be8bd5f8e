/** Whoever is turned away leaves an event: by a rule, by an access rule, or with a token that was revoked. */
import { RevokedToken } from '#shared/auth/token-keys.ts';
import { Lru } from '#shared/clock/lru.ts';
import type { Refusal } from '#shared/http/serve.ts';
import type { Identity } from '../context.ts';
import { auditName } from './names.ts';
import { insertEvent } from './store.ts';
import { eventOf, failed, unaudited } from './with-audit.ts';

type IssuedSecret = (identity: Identity, refusal: Refusal<Identity>) => Promise<void>;

/** What one caller may write here in a minute; the next event of theirs says how many were left out. */
const mostPerMinute = 60;

interface Count {
  readonly until: number;
  written: number;
  left: number;
}

export function openRefusalRecorder(): IssuedSecret {
  const counts = new Lru<Count>(10_000);
  const countOf = (key: string): { readonly count: Count; readonly left: number } => {
    const before = counts.get(key);
    if (before && before.until > Date.now()) return { count: before, left: 0 };
    const count = { until: Date.now() + 60_000, written: 0, left: 0 };
    counts.set(key, count);
    return { count, left: before?.left ?? 0 };
  };
  return async (identity, refusal) => {
    const user = userOf(refusal);
    if (user === undefined || isAudited(refusal)) return; // no token of ours: nobody is known
    const { count, left } = countOf(user);
    if (count.written >= mostPerMinute) {
      count.left += 1;
      return;
    }
    count.written += 1;
    await insertEvent(
      identity.db,
      failed(refused(refusal, user), refusal.fault.status, left > 0 ? { unrecorded: left } : {}),
      false,
    );
  };
}

/** What a handler refuses is in the event of its write. */
const isAudited = ({ handled, route: { method, path } }: Refusal<Identity>): boolean =>
  handled && auditName(method, path) !== undefined && !unaudited.has(path);

function userOf({ call, fault }: Refusal<Identity>): string | undefined {
  if (fault instanceof RevokedToken) return fault.claims.sub;
  return call.caller.userId || undefined;
}

/** A read has no name among Keystone's notifications: it is called `read`. */
function refused({ route, call, fault }: Refusal<Identity>, userId: string) {
  const { method, path } = route;
  const name = fault instanceof RevokedToken ? ({ resource: 'token', operation: 'rejected' } as const) : undefined;
  return eventOf({ ...call, caller: { ...call.caller, userId } }, route, name ?? auditName(method, path, 'read'));
}
