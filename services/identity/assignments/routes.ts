import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { type GrantKind, grantHandler, grantRule, grantVerbs, listRoleAssignments } from './handlers.ts';

const operations = [
  { method: 'get', tail: '', verb: grantVerbs.list },
  { method: 'put', tail: '/:roleId', verb: grantVerbs.put },
  { method: 'head', tail: '/:roleId', verb: grantVerbs.check },
  { method: 'get', tail: '/:roleId', verb: grantVerbs.check },
  { method: 'delete', tail: '/:roleId', verb: grantVerbs.remove },
] as const;

/** `end` follows the path where the grant is inherited. The handlers check the rules, with the grant as target. */
const grants = (path: string, kind: GrantKind, end = ''): Route<Identity>[] =>
  operations.map(({ method, tail, verb }) => ({
    method,
    path: `${path}/roles${tail}${end}`,
    handler: grantHandler(kind, verb),
    rule: checkedInHandler(grantRule(kind, verb)),
  }));

const grantsTo = (actorKind: GrantKind['actorKind']): Route<Identity>[] => {
  const actor = `${actorKind}s/:actorId`;
  const onTree = (['project', 'domain'] as const).flatMap((targetKind) => [
    ...grants(`/v3/${targetKind}s/:id/${actor}`, { targetKind, actorKind, inherited: false }),
    ...grants(
      `/v3/OS-INHERIT/${targetKind}s/:id/${actor}`,
      { targetKind, actorKind, inherited: true },
      '/inherited_to_projects',
    ),
  ]);
  return [...onTree, ...grants(`/v3/system/${actor}`, { targetKind: 'system', actorKind, inherited: false })];
};

const lists = ['identity:list_role_assignments', 'identity:list_role_assignments_for_tree'];

export const assignmentRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/role_assignments', handler: listRoleAssignments, rule: checkedInHandler(...lists) },
  ...grantsTo('user'),
  ...grantsTo('group'),
];
