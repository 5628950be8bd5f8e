import type { Route } from '#shared/http/route.ts';
import { grantHandlers, listRoleAssignments } from './assignments/handlers.ts';
import {
  createEndpoint,
  createRegion,
  createService,
  deleteEndpoint,
  deleteRegion,
  deleteService,
  listEndpoints,
  listRegions,
  listServices,
  showEndpoint,
  showRegion,
  showService,
  updateEndpoint,
  updateRegion,
  updateService,
} from './catalog/handlers.ts';
import type { Identity } from './context.ts';
import {
  createGroup,
  deleteGroup,
  deleteMember,
  headMember,
  listGroups,
  listGroupsOfUser,
  listMembers,
  putMember,
  showGroup,
  updateGroup,
} from './groups/handlers.ts';
import { showTrust } from './keys/handlers.ts';
import {
  createDomainHandler,
  createProject,
  deleteDomain,
  deleteProject,
  listDomains,
  listOwnDomains,
  listOwnProjects,
  listOwnSystem,
  listProjects,
  listProjectsOfUser,
  showDomain,
  showProject,
  updateDomain,
  updateProject,
} from './projects/handlers.ts';
import {
  createRole,
  deleteImplied,
  deleteRole,
  listImplied,
  listInferences,
  listRoles,
  putImplied,
  showImplied,
  showRole,
  updateRole,
} from './roles/handlers.ts';
import { checkToken, logIn, revokeToken, showCatalog, showToken } from './tokens/handlers.ts';
import { changePassword, createUser, deleteUser, listUsers, showUser, updateUser } from './users/handlers.ts';
import { listVersions, showVersion } from './versions/handlers.ts';

const rule = (name: string) => `identity:${name}`;

type Verbs = ReturnType<typeof grantHandlers>;

/** A grant's path is the same for each kind of target and actor. */
function grants(
  path: string,
  verbs: Verbs,
  [check, list, create, revoke]: readonly [string, string, string, string],
): Route<Identity>[] {
  return [
    { method: 'get', path, handler: verbs.list, rule: rule(list) },
    { method: 'put', path: `${path}/:roleId`, handler: verbs.put, rule: rule(create) },
    { method: 'head', path: `${path}/:roleId`, handler: verbs.head, rule: rule(check) },
    { method: 'get', path: `${path}/:roleId`, handler: verbs.head, rule: rule(check) },
    { method: 'delete', path: `${path}/:roleId`, handler: verbs.remove, rule: rule(revoke) },
  ];
}

const usual = ['check_grant', 'list_grants', 'create_grant', 'revoke_grant'] as const;
const onSystem = (actor: 'user' | 'group') =>
  [
    `check_system_grant_for_${actor}`,
    `list_system_grants_for_${actor}`,
    `create_system_grant_for_${actor}`,
    `revoke_system_grant_for_${actor}`,
  ] as const;

/** Reading needs a token and no more where the handler asks the rule with the thing itself. */
const asked = null;

export const routes: Route<Identity>[] = [
  { method: 'get', path: '/', handler: listVersions, rule: null, who: 'nobody' },
  { method: 'get', path: '/v3', handler: showVersion, rule: null, who: 'nobody' },
  { method: 'get', path: '/v3/wattle/trust', handler: showTrust, rule: rule('get_trust_document') },

  { method: 'post', path: '/v3/auth/tokens', handler: logIn, rule: null, who: 'nobody' },
  { method: 'head', path: '/v3/auth/tokens', handler: checkToken, rule: asked },
  { method: 'get', path: '/v3/auth/tokens', handler: showToken, rule: asked },
  { method: 'delete', path: '/v3/auth/tokens', handler: revokeToken, rule: asked },
  { method: 'get', path: '/v3/auth/catalog', handler: showCatalog, rule: null },
  { method: 'get', path: '/v3/auth/projects', handler: listOwnProjects, rule: null },
  { method: 'get', path: '/v3/auth/domains', handler: listOwnDomains, rule: null },
  { method: 'get', path: '/v3/auth/system', handler: listOwnSystem, rule: null },

  { method: 'get', path: '/v3/domains', handler: listDomains, rule: rule('list_domains') },
  { method: 'post', path: '/v3/domains', handler: createDomainHandler, rule: rule('create_domain') },
  { method: 'get', path: '/v3/domains/:id', handler: showDomain, rule: asked },
  { method: 'patch', path: '/v3/domains/:id', handler: updateDomain, rule: rule('update_domain') },
  { method: 'delete', path: '/v3/domains/:id', handler: deleteDomain, rule: rule('delete_domain') },

  { method: 'get', path: '/v3/projects', handler: listProjects, rule: asked },
  { method: 'post', path: '/v3/projects', handler: createProject, rule: asked },
  { method: 'get', path: '/v3/projects/:id', handler: showProject, rule: asked },
  { method: 'patch', path: '/v3/projects/:id', handler: updateProject, rule: asked },
  { method: 'delete', path: '/v3/projects/:id', handler: deleteProject, rule: asked },

  { method: 'get', path: '/v3/users', handler: listUsers, rule: asked },
  { method: 'post', path: '/v3/users', handler: createUser, rule: asked },
  { method: 'get', path: '/v3/users/:id', handler: showUser, rule: asked },
  { method: 'patch', path: '/v3/users/:id', handler: updateUser, rule: asked },
  { method: 'delete', path: '/v3/users/:id', handler: deleteUser, rule: asked },
  { method: 'post', path: '/v3/users/:id/password', handler: changePassword, rule: null, who: 'nobody' },
  { method: 'get', path: '/v3/users/:id/groups', handler: listGroupsOfUser, rule: asked },
  { method: 'get', path: '/v3/users/:id/projects', handler: listProjectsOfUser, rule: asked },

  { method: 'get', path: '/v3/groups', handler: listGroups, rule: rule('list_groups') },
  { method: 'post', path: '/v3/groups', handler: createGroup, rule: rule('create_group') },
  { method: 'get', path: '/v3/groups/:id', handler: showGroup, rule: rule('get_group') },
  { method: 'patch', path: '/v3/groups/:id', handler: updateGroup, rule: rule('update_group') },
  { method: 'delete', path: '/v3/groups/:id', handler: deleteGroup, rule: rule('delete_group') },
  { method: 'get', path: '/v3/groups/:id/users', handler: listMembers, rule: rule('list_users_in_group') },
  { method: 'put', path: '/v3/groups/:id/users/:userId', handler: putMember, rule: rule('add_user_to_group') },
  { method: 'head', path: '/v3/groups/:id/users/:userId', handler: headMember, rule: rule('check_user_in_group') },
  {
    method: 'delete',
    path: '/v3/groups/:id/users/:userId',
    handler: deleteMember,
    rule: rule('remove_user_from_group'),
  },

  { method: 'get', path: '/v3/roles', handler: listRoles, rule: rule('list_roles') },
  { method: 'post', path: '/v3/roles', handler: createRole, rule: rule('create_role') },
  { method: 'get', path: '/v3/roles/:id', handler: showRole, rule: rule('get_role') },
  { method: 'patch', path: '/v3/roles/:id', handler: updateRole, rule: rule('update_role') },
  { method: 'delete', path: '/v3/roles/:id', handler: deleteRole, rule: rule('delete_role') },
  { method: 'get', path: '/v3/roles/:id/implies', handler: listImplied, rule: rule('list_implied_roles') },
  { method: 'put', path: '/v3/roles/:id/implies/:impliedId', handler: putImplied, rule: rule('create_implied_role') },
  { method: 'head', path: '/v3/roles/:id/implies/:impliedId', handler: showImplied, rule: rule('get_implied_role') },
  { method: 'get', path: '/v3/roles/:id/implies/:impliedId', handler: showImplied, rule: rule('get_implied_role') },
  {
    method: 'delete',
    path: '/v3/roles/:id/implies/:impliedId',
    handler: deleteImplied,
    rule: rule('delete_implied_role'),
  },
  { method: 'get', path: '/v3/role_inferences', handler: listInferences, rule: rule('list_role_inference_rules') },
  { method: 'get', path: '/v3/role_assignments', handler: listRoleAssignments, rule: rule('list_role_assignments') },
  ...grants('/v3/projects/:id/users/:actorId/roles', grantHandlers('project', 'user'), usual),
  ...grants('/v3/projects/:id/groups/:actorId/roles', grantHandlers('project', 'group'), usual),
  ...grants('/v3/domains/:id/users/:actorId/roles', grantHandlers('domain', 'user'), usual),
  ...grants('/v3/domains/:id/groups/:actorId/roles', grantHandlers('domain', 'group'), usual),
  ...grants('/v3/system/users/:actorId/roles', grantHandlers('system', 'user'), onSystem('user')),
  ...grants('/v3/system/groups/:actorId/roles', grantHandlers('system', 'group'), onSystem('group')),

  { method: 'get', path: '/v3/regions', handler: listRegions, rule: rule('list_regions') },
  { method: 'post', path: '/v3/regions', handler: createRegion, rule: rule('create_region') },
  { method: 'put', path: '/v3/regions/:id', handler: createRegion, rule: rule('create_region') },
  { method: 'get', path: '/v3/regions/:id', handler: showRegion, rule: rule('get_region') },
  { method: 'patch', path: '/v3/regions/:id', handler: updateRegion, rule: rule('update_region') },
  { method: 'delete', path: '/v3/regions/:id', handler: deleteRegion, rule: rule('delete_region') },
  { method: 'get', path: '/v3/services', handler: listServices, rule: rule('list_services') },
  { method: 'post', path: '/v3/services', handler: createService, rule: rule('create_service') },
  { method: 'get', path: '/v3/services/:id', handler: showService, rule: rule('get_service') },
  { method: 'patch', path: '/v3/services/:id', handler: updateService, rule: rule('update_service') },
  { method: 'delete', path: '/v3/services/:id', handler: deleteService, rule: rule('delete_service') },
  { method: 'get', path: '/v3/endpoints', handler: listEndpoints, rule: rule('list_endpoints') },
  { method: 'post', path: '/v3/endpoints', handler: createEndpoint, rule: rule('create_endpoint') },
  { method: 'get', path: '/v3/endpoints/:id', handler: showEndpoint, rule: rule('get_endpoint') },
  { method: 'patch', path: '/v3/endpoints/:id', handler: updateEndpoint, rule: rule('update_endpoint') },
  { method: 'delete', path: '/v3/endpoints/:id', handler: deleteEndpoint, rule: rule('delete_endpoint') },
];
