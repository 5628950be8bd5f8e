import { type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { findEpoch, readTrust } from './store.ts';

/** What every service asks once a second: 304 while nothing is new. */
export const showTrust: Handler<Identity> = async ({ db }, { query }) => {
  if (Number(query.epoch) === (await findEpoch(db))) return { status: 304 };
  return ok(await readTrust(db, Date.now()));
};
