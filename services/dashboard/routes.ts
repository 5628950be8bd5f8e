import type { Route } from '#shared/http/route.ts';
import { accessRoutes } from './access/handlers.ts';
import { choiceRoutes } from './choices/handlers.ts';
import type { Dashboard } from './context.ts';
import { fileRoutes } from './files/handlers.ts';
import { liveRoutes } from './live/handlers.ts';
import { machineRoutes } from './machines/handlers.ts';
import { rackRoutes } from './rack/handlers.ts';
import { sessionRoutes } from './sessions/handlers.ts';
import { templateRoutes } from './templates/handlers.ts';

/** None takes a token: a route of the user's own things has the session as its subject. */
export const routes: readonly Route<Dashboard>[] = [
  ...fileRoutes,
  ...sessionRoutes,
  ...choiceRoutes,
  ...templateRoutes,
  ...machineRoutes,
  ...accessRoutes,
  ...rackRoutes,
  ...liveRoutes,
];
