import { accepted, type Call, noContent, ok, type Route } from '#shared/http/route.ts';
import { ensureNetwork } from '../choices/networks.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession } from '../sessions/operations.ts';
import {
  type Action,
  changeMachine,
  createMachine,
  deleteMachine,
  listMachines,
  makeTemplate,
  type NewMachine,
  resizeMachine,
} from './operations.ts';

const path = '/api/machines';
const own = { auth: 'none', subject: getSession } as const;

const change = (action: Action): Route<Dashboard> => ({
  method: 'post',
  path: `${path}/:id/${action}`,
  ...own,
  handler: async (_, call: Call<undefined, 'id'>) =>
    accepted({ machine: await changeMachine(sessionIn(call), call.params.id, action) }),
});

export const machineRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'get',
    path,
    ...own,
    handler: async (_, call) => ok({ machines: await listMachines(sessionIn(call)) }),
  },
  {
    method: 'post',
    path,
    ...own,
    handler: async (dashboard, call: Call<NewMachine>) => {
      const session = sessionIn(call);
      const network = call.body.network ?? (await ensureNetwork(dashboard, session));
      return accepted({ machine: await createMachine(session, call.body, network) });
    },
  },
  {
    method: 'delete',
    path: `${path}/:id`,
    ...own,
    handler: async (_, call: Call<undefined, 'id'>) => {
      await deleteMachine(sessionIn(call), call.params.id);
      return noContent();
    },
  },
  ...(['start', 'stop', 'restart', 'keep', 'revert'] as const).map(change),
  {
    method: 'put',
    path: `${path}/:id/size`,
    ...own,
    handler: async (_, call: Call<{ readonly size: string }, 'id'>) =>
      accepted({ machine: await resizeMachine(sessionIn(call), call.params.id, call.body.size) }),
  },
  {
    method: 'post',
    path: `${path}/:id/template`,
    ...own,
    handler: async (_, call: Call<{ readonly name: string }, 'id'>) =>
      accepted({ machine: await makeTemplate(sessionIn(call), call.params.id, call.body.name) }),
  },
];
