import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

/** They change nothing that is remembered. */
const logins = new Set(['/v3/auth/tokens', '/v3/OS-OAUTH2/token', '/v3/ec2tokens', '/v3/s3tokens']);

/** What a write changes is not remembered when its answer is out. */
export function forgettingFacts(route: Route<Identity>): Route<Identity> {
  const { method, path, handler } = route;
  if (method === 'get' || method === 'head' || logins.has(path)) return route;
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
