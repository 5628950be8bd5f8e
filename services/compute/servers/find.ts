/** The server of a path. */
import { conflict } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { getServer, type Server } from './store.ts';

/** What a handler needs of its call to find its server. */
export type ServerCall = Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'may'>;

/** The server of the path, if the caller may see it. */
export const serverOf = ({ db }: Pick<Compute, 'db'>, { caller, params }: ServerCall): Promise<Server> =>
  getServer(db, caller, params.id);

/** The same; a locked one refuses those who may not override locks. */
export async function unlockedServer(compute: Pick<Compute, 'db'>, call: ServerCall): Promise<Server> {
  const server = await serverOf(compute, call);
  if (server.lockedBy !== null && !mayOverrideLock(call)) throw conflict(`Instance ${server.id} is locked`);
  return server;
}

export const mayOverrideLock = ({ may }: ServerCall): boolean =>
  may('os_compute_api:os-lock-server:unlock:unlock_override');
