import { ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession } from '../sessions/operations.ts';
import { showRack } from './operations.ts';

export const rackRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'get',
    path: '/api/rack',
    auth: 'none',
    subject: getSession,
    handler: async (_, call) => ok({ rack: await showRack(sessionIn(call)) }),
  },
];
