/** Whose things a request is about: the path may name a project. */
import type { Caller } from '#shared/auth/caller.ts';
import { may, whereAllowed } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call, Route } from '#shared/http/route.ts';
import type { Finding } from '#shared/resource/actions.ts';
import type { Volumes } from '../context.ts';
import type { Scope } from './query.ts';
import { isSet, isTrue } from './values.ts';

/** Each path exists twice: with the caller's project in it, and (as from 3.67) without. */
export const inProjects = (routes: readonly Route<Volumes>[]): Route<Volumes>[] =>
  routes.flatMap((route) =>
    ['/v3', '/v3/:projectId'].map((prefix) => ({ ...route, path: prefix + route.path, handler: inProject(route) })),
  );

/** Hands on a caller whose project is the one of the path. */
const inProject =
  (route: Route<Volumes>): Route<Volumes>['handler'] =>
  (service, call) => {
    const caller = callerIn(call.caller, call.params.projectId);
    return route.handler(service, { ...call, caller });
  };

/** Another service does what was asked of it in its caller's project; nobody else names a project but his own. */
function callerIn(caller: Caller, projectId: string | undefined): Caller {
  if (projectId === undefined || projectId === caller.projectId) return caller;
  if (may(caller, 'volume:act_in_any_project')) return { ...caller, projectId };
  throw badRequest('Malformed request url');
}

/** Another service, by its own token or by the one that it sends beside its caller's. */
export const isService = (caller: Caller): boolean => may(caller, 'service_api');

/** What the caller lists: the rows of its project; an administrator's list may have those of all. */
export function listedBy({ caller, query }: Pick<Call, 'caller' | 'query'>, rule: string): Scope {
  const isAll = isTrue(query.all_tenants ?? query.all_projects ?? '') && may(caller, 'context_is_admin');
  const asked = isSet(query.project_id) ? query.project_id : undefined;
  const projectId = isAll ? asked : (caller.projectId ?? '');
  const visible = (rows: Query) => {
    whereAllowed(rows, caller, rule);
    if (projectId !== undefined) rows.where({ projectId });
  };
  return { visible, isOneProject: projectId !== undefined };
}

/** The row that a path names: 403 unless the caller passes the rule of the route for it. */
export function permitted<Row extends { readonly projectId: string }>(
  { rule, authorize }: Pick<Finding, 'rule' | 'authorize'>,
  row: Row,
): Row {
  if (rule !== null) authorize(rule, { project_id: row.projectId });
  return row;
}
