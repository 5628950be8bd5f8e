/** The server of a path. */
import { conflict } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { getServer, type Server } from './store.ts';

/** What a handler needs of its call to find its server. */
export type ServerCall = Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'may' | 'authorize' | 'rule'>;

/** The server of the path: 404 unless the caller may see it, 403 unless it passes the rule of the route for it. */
export async function serverOf(
  { db }: Pick<Compute, 'db'>,
  { caller, params, rule, authorize }: ServerCall,
  get = getServer,
): Promise<Server> {
  const server = await get(db, caller, params.id);
  if (rule !== null) authorize(rule, { project_id: server.projectId, user_id: server.userId });
  return server;
}

/** The same; a locked one refuses those who may not override locks. */
export async function unlockedServer(compute: Pick<Compute, 'db'>, call: ServerCall): Promise<Server> {
  const server = await serverOf(compute, call);
  if (server.lockedBy !== null && !mayOverrideLock(call)) throw conflict(`Instance ${server.id} is locked`);
  return server;
}

export const mayOverrideLock = ({ may }: ServerCall): boolean =>
  may('os_compute_api:os-lock-server:unlock:unlock_override');
