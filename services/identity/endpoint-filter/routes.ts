import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import {
  addEndpoint,
  addGroup,
  checkEndpoint,
  dropEndpoint,
  dropGroup,
  groupHandlers,
  listEndpointsOfGroup,
  listEndpointsOfProject,
  listGroupsOfProject,
  listProjectsOfEndpoint,
  listProjectsOfGroup,
  showGroupAssociation,
} from './handlers.ts';

const top = '/v3/OS-EP-FILTER';
const groups = `${top}/endpoint_groups`;
const one = `${groups}/:id`;
const inProject = `${top}/projects/:id/endpoints/:endpointId`;
const groupInProject = `${one}/projects/:projectId`;
const rule = (name: string) => `identity:${name}`;
const { list, show, create, update, remove } = groupHandlers;

export const endpointFilterRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: groups, handler: list, rule: rule('list_endpoint_groups') },
  { method: 'post', path: groups, handler: create, rule: rule('create_endpoint_group') },
  { method: 'get', path: one, handler: show, rule: rule('get_endpoint_group') },
  { method: 'patch', path: one, handler: update, rule: rule('update_endpoint_group') },
  { method: 'delete', path: one, handler: remove, rule: rule('delete_endpoint_group') },
  {
    method: 'get',
    path: `${one}/projects`,
    handler: listProjectsOfGroup,
    rule: rule('list_projects_associated_with_endpoint_group'),
  },
  {
    method: 'get',
    path: `${one}/endpoints`,
    handler: listEndpointsOfGroup,
    rule: rule('list_endpoints_associated_with_endpoint_group'),
  },
  { method: 'put', path: groupInProject, handler: addGroup, rule: rule('add_endpoint_group_to_project') },
  { method: 'get', path: groupInProject, handler: showGroupAssociation, rule: rule('get_endpoint_group_in_project') },
  { method: 'delete', path: groupInProject, handler: dropGroup, rule: rule('remove_endpoint_group_from_project') },
  { method: 'put', path: inProject, handler: addEndpoint, rule: rule('add_endpoint_to_project') },
  { method: 'get', path: inProject, handler: checkEndpoint, rule: rule('check_endpoint_in_project') },
  { method: 'delete', path: inProject, handler: dropEndpoint, rule: rule('remove_endpoint_from_project') },
  {
    method: 'get',
    path: `${top}/projects/:id/endpoints`,
    handler: listEndpointsOfProject,
    rule: rule('list_endpoints_for_project'),
  },
  {
    method: 'get',
    path: `${top}/projects/:id/endpoint_groups`,
    handler: listGroupsOfProject,
    rule: rule('list_endpoint_groups_for_project'),
  },
  {
    method: 'get',
    path: `${top}/endpoints/:endpointId/projects`,
    handler: listProjectsOfEndpoint,
    rule: rule('list_projects_for_endpoint'),
  },
];
