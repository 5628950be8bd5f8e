import { ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession } from '../sessions/operations.ts';
import { defaultNetwork, listNetworks } from './networks.ts';
import { listKeys, listSizes, listUsableTemplates } from './operations.ts';

export const choiceRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'get',
    path: '/api/choices',
    auth: 'none',
    subject: getSession,
    handler: async (dashboard, call) => {
      const session = sessionIn(call);
      const [templates, sizes, keys, networks] = await Promise.all([
        listUsableTemplates(session),
        listSizes(session),
        listKeys(session),
        listNetworks(session),
      ]);
      const usual = defaultNetwork(dashboard, networks)?.id;
      const named = networks.map(({ id, name }) => ({ id, name, is_default: id === usual }));
      return ok({ templates, sizes, keys, networks: named });
    },
  },
];
