import { type Call, ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession, type Session } from '../sessions/operations.ts';
import { type Access, closeDoor, givePublicAddress, openDoor, removePublicAddress, showAccess } from './operations.ts';

const path = '/api/machines/:id/access';

const route = (
  method: 'get' | 'put' | 'delete',
  below: string,
  change: (session: Session, machineId: string, door: string) => Promise<Access>,
): Route<Dashboard> => ({
  ...{ method, path: path + below, auth: 'none', subject: getSession },
  handler: async (_, call: Call<undefined, 'id' | 'door'>) =>
    ok({ access: await change(sessionIn(call), call.params.id, call.params.door) }),
});

export const accessRoutes: readonly Route<Dashboard>[] = [
  route('get', '', showAccess),
  route('put', '/doors/:door', openDoor),
  route('delete', '/doors/:door', closeDoor),
  route('put', '/address', givePublicAddress),
  route('delete', '/address', removePublicAddress),
];
