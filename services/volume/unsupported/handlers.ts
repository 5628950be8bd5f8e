/** What Cinder has and this cloud has not: clients that only look find that there is none of it. */
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { findType } from '../types/store.ts';

export const emptyList =
  (collection: string): Handler<Volumes> =>
  async () =>
    ok({ [collection]: [] });

/** No type encrypts. */
export const showTypeEncryption: Handler<Volumes> = async ({ db }, { caller, params }) => {
  await findType(db, caller, params.id ?? '');
  return ok({});
};
