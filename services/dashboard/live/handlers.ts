import { Fault } from '#shared/errors/fault.ts';
import { ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession } from '../sessions/operations.ts';
import { machineEvents } from './stream.ts';

/** Open streams by session. */
const open = new Map<string, number>();

function count(session: string, by: number): void {
  const now = (open.get(session) ?? 0) + by;
  if (now > 0) open.set(session, now);
  else open.delete(session);
}

export const liveRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'get',
    path: '/api/live',
    auth: 'none',
    subject: getSession,
    handler: async (dashboard, call) => {
      const session = sessionIn(call);
      const most = dashboard.config.streamsPerSession;
      if ((open.get(session.idHash) ?? 0) >= most)
        throw new Fault(429, 'overLimit', `More than ${most} pages are open: close one of them.`);
      count(session.idHash, 1);
      const { read, close } = machineEvents(dashboard, session, call.signal());
      const end = async () => {
        count(session.idHash, -1);
        await close();
      };
      return ok({ read, close: end }, { 'content-type': 'text/event-stream' });
    },
  },
];
