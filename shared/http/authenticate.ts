/** Who asks, and whether the path is open to them: before the body is read. */
import { refuseUnlessAllowed } from '#shared/auth/access-rules.ts';
import type { Authenticated, Caller } from '#shared/auth/caller.ts';
import type { Header } from '#shared/auth/token-keys.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { ServeOptions } from './options.ts';
import { anonymous, type Route } from './route.ts';

export async function identifyCaller<Service>(
  { identify }: ServeOptions<Service>,
  route: Route<Service>,
  header: Header,
  requestId: string,
): Promise<Authenticated> {
  if (route.auth === 'none') return anonymous(requestId);
  if (route.auth === 'optional' && !header('x-auth-token')) return anonymous(requestId);
  if (route.auth === 'optional') return identify(header, requestId).catch((error) => orAnonymous(error, requestId));
  return identify(header, requestId);
}

/** Where a token is optional, an invalid one counts as none. */
function orAnonymous(error: unknown, requestId: string): Authenticated {
  if (error instanceof Fault && error.status === 401) return anonymous(requestId);
  throw error;
}

/** Checks the access rules of the token, and that the caller passes at least one rule of the routes of this path. */
export function authorizePath<Service>(
  { name = '', enforcer }: ServeOptions<Service>,
  open: readonly Route<Service>[],
  caller: Caller,
  { method, originalUrl }: { readonly method: string; readonly originalUrl: string },
): void {
  if (caller.accessRules) refuseUnlessAllowed(caller, { api: name, method, path: originalUrl.split('?', 1)[0] ?? '' });
  const rules = open.map(({ rule }) => rule);
  if (rules.some((rule) => typeof rule !== 'string' || enforcer.may(rule, caller))) return;
  enforcer.authorize(String(rules[0]), caller);
}
