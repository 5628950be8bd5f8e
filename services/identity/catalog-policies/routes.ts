import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import {
  checkAssociation,
  deleteAssociation,
  listEndpointsOfPolicy,
  putAssociation,
  showPolicyOfEndpoint,
} from './handlers.ts';
import { associations, policy } from './resource.ts';

const below = '/v3/policies/:id/OS-ENDPOINT-POLICY';
const ofEndpoint = '/v3/endpoints/:endpointId/OS-ENDPOINT-POLICY/policy';

const association = (what: string, path: string): Route<Identity>[] => {
  const rule = (verb: string) => `identity:${verb}_policy_association_for_${what}`;
  return [
    { method: 'put', path, handler: putAssociation, rule: rule('create') },
    { method: 'get', path, handler: checkAssociation, rule: rule('check') },
    { method: 'delete', path, handler: deleteAssociation, rule: rule('delete') },
  ];
};

export const policyRoutes: readonly Route<Identity>[] = [
  ...routesOf(policy, { removeDependents: (tx, { id }) => associations.remove(tx, { policyId: id }) }),
  ...association('endpoint', `${below}/endpoints/:endpointId`),
  ...association('service', `${below}/services/:serviceId`),
  ...association('region_and_service', `${below}/services/:serviceId/regions/:regionId`),
  {
    method: 'get',
    path: `${below}/endpoints`,
    handler: listEndpointsOfPolicy,
    rule: 'identity:list_endpoints_for_policy',
  },
  { method: 'get', path: ofEndpoint, handler: showPolicyOfEndpoint, rule: 'identity:get_policy_for_endpoint' },
];
