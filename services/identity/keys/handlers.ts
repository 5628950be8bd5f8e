import { type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { parseMoment } from '../tokens/moment.ts';
import { eventView } from './events.ts';
import { findEpoch, readTrust } from './store.ts';

/** What every service asks once a second: 304 while nothing is new. */
export const showTrust: Handler<Identity> = async ({ db }, { query }) => {
  if (Number(query.epoch) === (await findEpoch(db))) return { status: 304 };
  return ok(await readTrust(db, { livingAt: Date.now(), since: Number(query.since ?? -1) }));
};

/** With `since`, those that were made then or later. */
export const listRevocationEvents: Handler<Identity> = async ({ db }, { query, base }) => {
  const since = parseMoment(query.since, 'since') ?? 0;
  const { revoked } = await readTrust(db, { livingAt: Date.now() });
  const events = revoked.filter(({ before }) => before * 1000 >= since).map(eventView);
  return ok({ events, links: { next: null, self: `${base}/v3/OS-REVOKE/events`, previous: null } });
};
