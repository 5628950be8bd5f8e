import { checkedInHandler, type Route } from '#shared/http/route.ts';
import { applicationCredentialRoutes } from './application-credentials/routes.ts';
import { grantHandlers, listRoleAssignments } from './assignments/handlers.ts';
import { withAudit } from './audit/with-audit.ts';
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
import { policyRoutes } from './catalog-policies/routes.ts';
import type { Identity } from './context.ts';
import { credentialRoutes } from './credentials/routes.ts';
import { domainConfigRoutes } from './domain-config/routes.ts';
import { endpointFilterRoutes } from './endpoint-filter/routes.ts';
import { federationRoutes } from './federation/routes.ts';
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
import { listRevocationEvents, showTokenKeys } from './keys/handlers.ts';
import { limitRoutes } from './limits/routes.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { oauth2Routes } from './oauth2/routes.ts';
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
import { tagRoutes } from './projects/routes.ts';
import { retiredRoutes } from './retired/routes.ts';
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
import { forgettingFacts } from './tokens/forget-facts.ts';
import { checkToken, logIn, revokeToken, showCatalog, showToken } from './tokens/handlers.ts';
import { trustRoutes } from './trusts/routes.ts';
import { changePassword, createUser, deleteUser, listUsers, showUser, updateUser } from './users/handlers.ts';
import { listVersions, showVersionOr } from './versions/handlers.ts';
import { jsonHome } from './versions/json-home.ts';

const rule = (name: string) => `identity:${name}`;

/** The handler checks the rule, with the resource as target. */
const inHandler = (...names: readonly string[]) => checkedInHandler(...names.map(rule));

type Verbs = ReturnType<typeof grantHandlers>;

/** The path of a grant is the same for each kind of target and actor; `end` follows it where the grant is inherited. */
function grants(path: string, { rules, list, put, head, remove }: Verbs, end = ''): Route<Identity>[] {
  const one = `${path}/:roleId${end}`;
  return [
    { method: 'get', path: `${path}${end}`, handler: list, rule: inHandler(rules.list) },
    { method: 'put', path: one, handler: put, rule: inHandler(rules.put) },
    { method: 'head', path: one, handler: head, rule: inHandler(rules.head) },
    { method: 'get', path: one, handler: head, rule: inHandler(rules.head) },
    { method: 'delete', path: one, handler: remove, rule: inHandler(rules.remove) },
  ];
}

/** Grants on a project or a domain, direct and inherited. */
const grantsOn = (kind: 'project' | 'domain'): Route<Identity>[] =>
  (['user', 'group'] as const).flatMap((actor) => {
    const path = `${kind}s/:id/${actor}s/:actorId/roles`;
    const below = grants(`/v3/OS-INHERIT/${path}`, grantHandlers(kind, actor, true), '/inherited_to_projects');
    return [...grants(`/v3/${path}`, grantHandlers(kind, actor)), ...below];
  });

const all: Route<Identity>[] = [
  { method: 'get', path: '/', handler: listVersions, auth: 'none' },
  { method: 'get', path: '/v3', handler: showVersionOr(() => jsonHome(routes)), auth: 'none' },
  { method: 'get', path: '/v3/wattle/trust', handler: showTokenKeys, rule: rule('get_trust_document') },
  { method: 'get', path: '/v3/OS-REVOKE/events', handler: listRevocationEvents, rule: rule('list_revoke_events') },

  { method: 'post', path: '/v3/auth/tokens', handler: logIn, auth: 'none' },
  { method: 'head', path: '/v3/auth/tokens', handler: checkToken, rule: inHandler('check_token') },
  { method: 'get', path: '/v3/auth/tokens', handler: showToken, rule: inHandler('validate_token') },
  { method: 'delete', path: '/v3/auth/tokens', handler: revokeToken, rule: inHandler('revoke_token') },
  { method: 'get', path: '/v3/auth/catalog', handler: showCatalog, rule: rule('get_auth_catalog') },
  { method: 'get', path: '/v3/auth/projects', handler: listOwnProjects, rule: rule('get_auth_projects') },
  { method: 'get', path: '/v3/auth/domains', handler: listOwnDomains, rule: rule('get_auth_domains') },
  { method: 'get', path: '/v3/auth/system', handler: listOwnSystem, rule: rule('get_auth_system') },

  { method: 'get', path: '/v3/domains', handler: listDomains, rule: inHandler('list_domains') },
  { method: 'post', path: '/v3/domains', handler: createDomainHandler, rule: rule('create_domain') },
  { method: 'get', path: '/v3/domains/:id', ...showDomain },
  { method: 'patch', path: '/v3/domains/:id', ...updateDomain },
  { method: 'delete', path: '/v3/domains/:id', ...deleteDomain },

  { method: 'get', path: '/v3/projects', handler: listProjects, rule: inHandler('list_projects') },
  { method: 'post', path: '/v3/projects', handler: createProject, rule: inHandler('create_project') },
  { method: 'get', path: '/v3/projects/:id', ...showProject },
  { method: 'patch', path: '/v3/projects/:id', ...updateProject },
  { method: 'delete', path: '/v3/projects/:id', ...deleteProject },

  { method: 'get', path: '/v3/users', handler: listUsers, rule: inHandler('list_users') },
  { method: 'post', path: '/v3/users', handler: createUser, rule: inHandler('create_user') },
  { method: 'get', path: '/v3/users/:id', ...showUser },
  { method: 'patch', path: '/v3/users/:id', ...updateUser },
  { method: 'delete', path: '/v3/users/:id', ...deleteUser },
  { method: 'post', path: '/v3/users/:id/password', handler: changePassword, auth: 'none' },
  { method: 'get', path: '/v3/users/:id/groups', ...listGroupsOfUser },
  { method: 'get', path: '/v3/users/:id/projects', ...listProjectsOfUser },

  { method: 'get', path: '/v3/groups', handler: listGroups, rule: inHandler('list_groups') },
  { method: 'post', path: '/v3/groups', handler: createGroup, rule: inHandler('create_group') },
  { method: 'get', path: '/v3/groups/:id', ...showGroup },
  { method: 'patch', path: '/v3/groups/:id', ...updateGroup },
  { method: 'delete', path: '/v3/groups/:id', ...deleteGroup },
  { method: 'get', path: '/v3/groups/:id/users', ...listMembers },
  { method: 'put', path: '/v3/groups/:id/users/:userId', ...putMember },
  { method: 'head', path: '/v3/groups/:id/users/:userId', ...headMember },
  { method: 'get', path: '/v3/groups/:id/users/:userId', ...headMember },
  {
    method: 'delete',
    path: '/v3/groups/:id/users/:userId',
    ...deleteMember,
  },

  { method: 'get', path: '/v3/roles', handler: listRoles, rule: inHandler('list_roles', 'list_domain_roles') },
  { method: 'post', path: '/v3/roles', handler: createRole, rule: inHandler('create_role', 'create_domain_role') },
  { method: 'get', path: '/v3/roles/:id', ...showRole },
  { method: 'patch', path: '/v3/roles/:id', ...updateRole },
  { method: 'delete', path: '/v3/roles/:id', ...deleteRole },
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
  {
    method: 'get',
    path: '/v3/role_assignments',
    handler: listRoleAssignments,
    rule: inHandler('list_role_assignments', 'list_role_assignments_for_tree'),
  },
  ...grantsOn('project'),
  ...grantsOn('domain'),
  ...grants('/v3/system/users/:actorId/roles', grantHandlers('system', 'user')),
  ...grants('/v3/system/groups/:actorId/roles', grantHandlers('system', 'group')),

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

  ...domainConfigRoutes,
  ...tagRoutes,
  ...applicationCredentialRoutes,
  ...trustRoutes,
  ...credentialRoutes,
  ...oauthRoutes,
  ...oauth2Routes,
  ...limitRoutes,
  ...policyRoutes,
  ...endpointFilterRoutes,
  ...federationRoutes,
  ...retiredRoutes,
];

export const routes: Route<Identity>[] = all.map(forgettingFacts).map(withAudit);
