/** Whose things a request is about: the path may name a project. */
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import type { Query } from '#shared/db/page.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import type { Call, Route } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';

/** Each path exists twice: with the caller's project in it, and (as from 3.67) without. */
export const inProjects = (routes: readonly Route<Volumes>[]): Route<Volumes>[] =>
  routes.flatMap((route) =>
    ['/v3', '/v3/:projectId'].map((prefix) => ({ ...route, path: prefix + route.path, handler: inProject(route) })),
  );

/** Hands on a caller whose project is the one of the path. */
const inProject =
  (route: Route<Volumes>): Route<Volumes>['handler'] =>
  (service, call) => {
    const [path = ''] = call.url.split('?');
    if (path.endsWith('/')) throw notFound('Resource', path); // an id that came out empty is no list
    const caller = callerIn(call.caller, call.params.projectId);
    return route.handler(service, Object.create(call, { caller: { value: caller } }));
  };

/** Another service does what was asked of it in its caller's project; nobody else names a project but his own. */
function callerIn(caller: Caller, projectId: string | undefined): Caller {
  if (projectId === undefined || projectId === caller.projectId) return caller;
  if (caller.roles.includes('service') && isAdmin(caller)) return { ...caller, projectId };
  throw badRequest('Malformed request url');
}

/** Another service, by its own token or by the one that it sends beside its caller's. */
export const isService = ({ roles, serviceRoles }: Pick<Caller, 'roles' | 'serviceRoles'>): boolean =>
  serviceRoles.includes('service') || roles.includes('service');

/** Leaves the rows that the caller lists: of one project, or of all. */
export const listedBy =
  (call: Pick<Call, 'caller' | 'query'>) =>
  (query: Query): void => {
    const projectId = listedProject(call);
    if (projectId !== null) query.where({ projectId });
  };

/** The project whose things are listed; null for an administrator who wants all. */
export function listedProject({ caller, query }: Pick<Call, 'caller' | 'query'>): string | null {
  const isAll = /^(true|1|yes|t|on|y)$/i.test(query.all_tenants ?? query.all_projects ?? '');
  if (!isAdmin(caller) || !isAll) return caller.projectId ?? '';
  return query.project_id && query.project_id !== 'None' ? query.project_id : null;
}
