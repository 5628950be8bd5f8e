import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { subjectOf } from '../subjects/authorized.ts';
import { deleteImplied, listImplied, listInferences, listRoles, putImplied, showImplied } from './handlers.ts';
import { deleteRole, refuseImmutable } from './operations.ts';
import { role } from './resource.ts';

/** Domain roles have rules of their own. Keystone does not hide role ids: an unknown one is 404 for every caller. */
const roles = routesOf(role, {
  subject: subjectOf(role, (row) => ({ 'target.role.domain_id': row.domainKey || null, 'target.role.name': row.name })),
  kinds: {
    names: ['role', 'domain_role'],
    choose: (about) => (about && ('domainKey' in about ? about.domainKey : about.domain_id) ? 'domain_role' : 'role'),
  },
  notFoundFirst: ['get', 'update', 'delete'],
  list: { handler: listRoles, rule: checkedInHandler('identity:list_roles', 'identity:list_domain_roles') },
  check: async (_tx, changed, before) => before && refuseImmutable(before, 'update', changed.options),
  remove: deleteRole,
});

const implied = '/v3/roles/:id/implies';
const one = `${implied}/:impliedId`;

export const roleRoutes: readonly Route<Identity>[] = [
  ...roles,
  { method: 'get', path: implied, handler: listImplied, rule: 'identity:list_implied_roles' },
  { method: 'put', path: one, handler: putImplied, rule: 'identity:create_implied_role' },
  { method: 'head', path: one, handler: showImplied, rule: 'identity:get_implied_role' },
  { method: 'get', path: one, handler: showImplied, rule: 'identity:get_implied_role' },
  { method: 'delete', path: one, handler: deleteImplied, rule: 'identity:delete_implied_role' },
  { method: 'get', path: '/v3/role_inferences', handler: listInferences, rule: 'identity:list_role_inference_rules' },
];
