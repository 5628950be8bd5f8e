/** What a request hears while the disk has no room, and who may go on: see shared/files/reserve.ts. */
import type { Caller } from '#shared/auth/caller.ts';
import { Fault } from '#shared/errors/fault.ts';
import { isDiskShort } from '#shared/files/reserve.ts';
import type { Route } from './route.ts';

const goOn = new Set(['get', 'head', 'delete', 'options']);
const freeing = /delete|detach|stop/i;

/** What frees room goes on, and logins and services that are needed for it; the room kept back is for them. */
export function refuseWhileShort(
  route: Pick<Route<never>, 'method' | 'action' | 'auth' | 'body'>,
  caller: Caller,
): void {
  if (!isDiskShort() || goOn.has(route.method) || route.auth === 'none') return;
  if (route.body === 'stream') return; // stores of bytes look at their own disk, and have their own word for a full one
  if (caller.serviceRoles.includes('service') || caller.roles.includes('service') || freeing.test(route.action ?? ''))
    return;
  throw diskIsFull();
}

export const diskIsFull = (): Fault =>
  new Fault(
    503,
    'serviceUnavailable',
    'The disk of the controller is full: delete what is not needed, or come again.',
    {
      headers: { 'retry-after': '30' },
    },
  );
