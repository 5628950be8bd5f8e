import { type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { parseTimestamp } from '../resources/values.ts';
import { eventView } from './events.ts';
import { getEpoch, readTokenKeys } from './store.ts';

/** Polled by every service. Answers 304 when the epoch is unchanged, after waiting `wait` seconds for a change. */
export const showTokenKeys: Handler<Identity> = async ({ db, tokenKeys }, { query, signal }) => {
  const { epoch, since = -1, wait = 0 } = query;
  const changes = tokenKeys.changes.subscribe(); // before reading the epoch, so that no change is missed
  const isKnown = async () => Number(epoch) === (await getEpoch(db));
  if (await isKnown()) {
    await changes(Number(wait) * 1000, signal());
    if (await isKnown()) return { status: 304 };
  }
  return ok(await readTokenKeys(db, { validAt: Date.now(), since: Number(since) }));
};

/** With `since`, the revocations made at that time or later. */
export const listRevocationEvents: Handler<Identity> = async ({ db }, { query, base }) => {
  const since = parseTimestamp(query.since, 'since') ?? 0;
  const { revoked } = await readTokenKeys(db, { validAt: Date.now() });
  const events = revoked.filter(({ before }) => before * 1000 >= since).map(eventView);
  return ok({ events, links: { next: null, self: `${base}/v3/OS-REVOKE/events`, previous: null } });
};
