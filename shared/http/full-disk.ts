/** Requests while the disk of the controller is full: see shared/files/reserve.ts. */
import { type Caller, isForUser, isService } from '#shared/auth/caller.ts';
import { Fault } from '#shared/errors/fault.ts';
import { isDiskShort } from '#shared/files/reserve.ts';
import type { Route } from './route.ts';

const allowedMethods = new Set(['get', 'head', 'delete', 'options']);
const freeing = /delete|detach|stop/i;

/** Throws 503 while the disk is full. Exempt are reads, what frees space, and the logins and services needed for that. */
export function refuseWhileShort(
  route: Pick<Route<never>, 'method' | 'action' | 'auth' | 'body'>,
  caller: Caller,
): void {
  if (!isDiskShort() || allowedMethods.has(route.method) || route.auth === 'none') return;
  if (route.body === 'stream') return; // these handlers check their own disk and have their own status for a full one
  if (isForUser(caller) || isService(caller) || freeing.test(route.action ?? '')) return;
  throw diskIsFull();
}

export const diskIsFull = (): Fault =>
  new Fault(
    503,
    'serviceUnavailable',
    'The disk of the controller is full: delete what is not needed, or try again later.',
    {
      headers: { 'retry-after': '30' },
    },
  );
