/** Resources of Cinder that this cloud does not support: their lists are empty. */
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { findType } from '../types/store.ts';

/** Volume types have no encryption. */
export const showTypeEncryption: Handler<Volumes, unknown, 'id'> = async ({ db }, { caller, params }) => {
  await findType(db, caller, params.id);
  return ok({});
};
