import { type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { parseMoment } from '../tokens/moment.ts';
import { eventView } from './events.ts';
import { findEpoch, readTrust } from './store.ts';

/** What every service asks: 304 when nothing is new, after as many seconds as it is ready to wait for news. */
export const showTrust: Handler<Identity> = async ({ db, trust }, { query, signal }) => {
  const { epoch, since = -1, wait = 0 } = query;
  const news = trust.news.listen(); // before the look: what comes meanwhile counts
  const isKnown = async () => Number(epoch) === (await findEpoch(db));
  if (await isKnown()) {
    await news(Number(wait) * 1000, signal);
    if (await isKnown()) return { status: 304 };
  }
  return ok(await readTrust(db, { livingAt: Date.now(), since: Number(since) }));
};

/** With `since`, those that were made then or later. */
export const listRevocationEvents: Handler<Identity> = async ({ db }, { query, base }) => {
  const since = parseMoment(query.since, 'since') ?? 0;
  const { revoked } = await readTrust(db, { livingAt: Date.now() });
  const events = revoked.filter(({ before }) => before * 1000 >= since).map(eventView);
  return ok({ events, links: { next: null, self: `${base}/v3/OS-REVOKE/events`, previous: null } });
};
