import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { findProject } from '../projects/store.ts';
import { routesOf } from '../resources/routes.ts';
import { subjectOf } from '../subjects/authorized.ts';
import { createLimitsHandler, createRegistered, listLimits, showModel } from './handlers.ts';
import { changeLimit, changeRegistered, refuseUsed } from './operations.ts';
import { limit, limitView, registeredLimit } from './resource.ts';

const registered = routesOf(registeredLimit, {
  createBy: [],
  update: changeRegistered,
  removeDependents: refuseUsed,
});

const limits = routesOf(limit, {
  createBy: [],
  subject: subjectOf(limit, async ({ ownerKind, ownerId }, { db }) => {
    if (ownerKind === 'domain') return { 'target.limit.domain.id': ownerId };
    const project = await findProject(db, { id: ownerId });
    return { 'target.limit.project_id': ownerId, 'target.limit.project.domain_id': project?.domainId ?? '' };
  }),
  list: { handler: listLimits, rule: 'identity:list_limits' },
  update: changeLimit,
  views: async (_identity, rows, { base }) => rows.map((row) => limitView(row, base)),
});

export const limitRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/limits/model', handler: showModel, rule: 'identity:get_limit_model' },
  {
    method: 'post',
    path: '/v3/registered_limits',
    handler: createRegistered,
    rule: 'identity:create_registered_limits',
  },
  { method: 'post', path: '/v3/limits', handler: createLimitsHandler, rule: 'identity:create_limits' },
  ...registered,
  ...limits,
];
