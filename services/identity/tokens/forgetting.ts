import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

/** What a write changes is not remembered when its answer is out. A login changes nothing that is. */
export function forgetting(route: Route<Identity>): Route<Identity> {
  const { method, path, handler } = route;
  if (method === 'get' || method === 'head' || path === '/v3/auth/tokens') return route;
  return {
    ...route,
    handler: async (identity, call) => {
      try {
        return await handler(identity, call);
      } finally {
        identity.facts.forget();
      }
    },
  };
}
