import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import * as on from './handlers.ts';
import { endpointGroup } from './resource.ts';
import { associations } from './store.ts';

const top = '/v3/OS-EP-FILTER';
const group = `${top}/endpoint_groups/:id`;
const inProject = `${top}/projects/:id/endpoints/:endpointId`;
const groupInProject = `${group}/projects/:projectId`;
const rule = (name: string) => `identity:${name}`;

export const endpointFilterRoutes: readonly Route<Identity>[] = [
  ...routesOf(endpointGroup, { removeDependents: (tx, { id }) => associations.group.removeAll(tx, id) }),
  {
    method: 'get',
    path: `${group}/projects`,
    handler: on.listProjectsOfGroup,
    rule: rule('list_projects_associated_with_endpoint_group'),
  },
  {
    method: 'get',
    path: `${group}/endpoints`,
    handler: on.listOfGroup,
    rule: rule('list_endpoints_associated_with_endpoint_group'),
  },
  { method: 'put', path: groupInProject, handler: on.addGroup, rule: rule('add_endpoint_group_to_project') },
  { method: 'get', path: groupInProject, handler: on.showGroup, rule: rule('get_endpoint_group_in_project') },
  { method: 'delete', path: groupInProject, handler: on.removeGroup, rule: rule('remove_endpoint_group_from_project') },
  { method: 'put', path: inProject, handler: on.addEndpoint, rule: rule('add_endpoint_to_project') },
  { method: 'get', path: inProject, handler: on.checkEndpoint, rule: rule('check_endpoint_in_project') },
  { method: 'delete', path: inProject, handler: on.removeEndpoint, rule: rule('remove_endpoint_from_project') },
  {
    method: 'get',
    path: `${top}/projects/:id/endpoints`,
    handler: on.listOfProject,
    rule: rule('list_endpoints_for_project'),
  },
  {
    method: 'get',
    path: `${top}/projects/:id/endpoint_groups`,
    handler: on.listGroupsOfProject,
    rule: rule('list_endpoint_groups_for_project'),
  },
  {
    method: 'get',
    path: `${top}/endpoints/:endpointId/projects`,
    handler: on.listProjectsOfEndpoint,
    rule: rule('list_projects_for_endpoint'),
  },
];
