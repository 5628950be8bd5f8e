import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

/** Logins change nothing that is cached. */
const logins = new Set(['/v3/auth/tokens', '/v3/OS-OAUTH2/token', '/v3/ec2tokens', '/v3/s3tokens']);

/** Clears the cache of facts at the end of every write, before its answer is sent. */
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
