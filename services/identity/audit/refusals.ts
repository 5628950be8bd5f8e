/** Records an event for each request that is refused by a rule, by an access rule, or for a revoked token. */
import { RevokedToken } from '#shared/auth/token-keys.ts';
import { Lru } from '#shared/clock/lru.ts';
import type { Refusal } from '#shared/http/options.ts';
import type { Identity } from '../context.ts';
import { auditName } from './names.ts';
import { insertEvent } from './store.ts';
import { eventOf, failed, unaudited } from './with-audit.ts';

type RecordRefusal = (identity: Identity, refusal: Refusal<Identity>) => Promise<void>;

/** Most events per caller and minute; the next event counts those that were left out. */
const mostPerMinute = 60;

interface Count {
  readonly until: number;
  written: number;
  unrecorded: number;
}

export function openRefusalRecorder(): RecordRefusal {
  const counts = new Lru<Count>(10_000);
  const countOf = (key: string): { readonly count: Count; readonly unrecorded: number } => {
    const before = counts.get(key);
    if (before && before.until > Date.now()) return { count: before, unrecorded: 0 };
    const count = { until: Date.now() + 60_000, written: 0, unrecorded: 0 };
    counts.set(key, count);
    return { count, unrecorded: before?.unrecorded ?? 0 };
  };
  return async (identity, refusal) => {
    const user = userOf(refusal);
    if (user === undefined || isAudited(refusal)) return; // without a valid token there is no user
    const { count, unrecorded } = countOf(user);
    if (count.written >= mostPerMinute) {
      count.unrecorded += 1;
      return;
    }
    count.written += 1;
    await insertEvent(
      identity.db,
      failed(refusalEvent(refusal, user), refusal.fault.status, unrecorded > 0 ? { unrecorded } : {}),
      false,
    );
  };
}

/** Refusals by a handler are already in the event of its write. */
const isAudited = ({ handled, route: { method, path } }: Refusal<Identity>): boolean =>
  handled && auditName(method, path) !== undefined && !unaudited.has(path);

function userOf({ call, fault }: Refusal<Identity>): string | undefined {
  if (fault instanceof RevokedToken) return fault.claims.sub;
  return call.caller.userId || undefined;
}

/** Keystone has no notification for reads: the operation is `read`. */
function refusalEvent({ route, call, fault }: Refusal<Identity>, userId: string) {
  const { method, path } = route;
  const name = fault instanceof RevokedToken ? ({ resource: 'token', operation: 'rejected' } as const) : undefined;
  return eventOf({ ...call, caller: { ...call.caller, userId } }, route, name ?? auditName(method, path, 'read'));
}
