import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import {
  checkAssociation,
  deleteAssociation,
  listEndpointsOfPolicy,
  policyHandlers,
  putAssociation,
  showPolicyOfEndpoint,
} from './handlers.ts';

const forPolicy = '/v3/policies/:id/OS-ENDPOINT-POLICY';

const association = (what: string, path: string): Route<Identity>[] => [
  {
    method: 'put',
    path,
    handler: putAssociation,
    rule: `identity:create_policy_association_for_${what}`,
  },
  { method: 'get', path, handler: checkAssociation, rule: `identity:check_policy_association_for_${what}` },
  {
    method: 'delete',
    path,
    handler: deleteAssociation,
    rule: `identity:delete_policy_association_for_${what}`,
  },
];

const { list, show, create, update, remove } = policyHandlers;

export const policyRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/policies', handler: list, rule: 'identity:list_policies' },
  { method: 'post', path: '/v3/policies', handler: create, rule: 'identity:create_policy' },
  { method: 'get', path: '/v3/policies/:id', handler: show, rule: 'identity:get_policy' },
  { method: 'patch', path: '/v3/policies/:id', handler: update, rule: 'identity:update_policy' },
  { method: 'delete', path: '/v3/policies/:id', handler: remove, rule: 'identity:delete_policy' },
  ...association('endpoint', `${forPolicy}/endpoints/:endpointId`),
  ...association('service', `${forPolicy}/services/:serviceId`),
  ...association('region_and_service', `${forPolicy}/services/:serviceId/regions/:regionId`),
  {
    method: 'get',
    path: `${forPolicy}/endpoints`,
    handler: listEndpointsOfPolicy,
    rule: 'identity:list_endpoints_for_policy',
  },
  {
    method: 'get',
    path: '/v3/endpoints/:endpointId/OS-ENDPOINT-POLICY/policy',
    handler: showPolicyOfEndpoint,
    rule: 'identity:get_policy_for_endpoint',
  },
];
