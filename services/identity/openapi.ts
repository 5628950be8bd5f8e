/** The OpenAPI files of this API that definitions give, by name. */
import { endpoint, region, service } from './catalog/resource.ts';
import { policy } from './catalog-policies/resource.ts';
import { credential } from './credentials/resource.ts';
import { endpointGroup } from './endpoint-filter/resource.ts';
import { identityProvider, mapping, serviceProvider } from './federation/resource.ts';
import { group } from './groups/resource.ts';
import { consumer } from './oauth/resource.ts';
import { domain, project } from './projects/resource.ts';
import { openapiOf } from './resources/openapi.ts';
import { role } from './roles/resource.ts';
import { user } from './users/resource.ts';

const unique = { create: [409], update: [409] } as const;
/** Where a domain may have its users in an LDAP directory that does not answer. */
const away = { list: [503], show: [503] } as const;
const put = { createBy: ['put'], more: { create: [409] } } as const;

export const openapi = {
  regions: openapiOf(region, { createBy: ['post', 'put'], more: { create: [409] } }),
  services: openapiOf(service),
  endpoints: openapiOf(endpoint),
  projects: openapiOf(project, { more: unique }),
  domains: openapiOf(domain, { more: unique }),
  users: openapiOf(user, {
    more: { list: [400, 503], create: [409, 'busy'], show: [503], update: [409, 'busy'] },
    optional: ['default_project_id'],
    parameters: ['idp_id', 'protocol_id', 'unique_id'],
  }),
  groups: openapiOf(group, { more: { ...unique, ...away } }),
  roles: openapiOf(role, { more: unique }),
  policies: openapiOf(policy),
  credentials: openapiOf(credential, { more: { create: [409] } }),
  'endpoint-groups': openapiOf(endpointGroup),
  'identity-providers': openapiOf(identityProvider, { ...put, more: unique }),
  mappings: openapiOf(mapping, put),
  'service-providers': openapiOf(serviceProvider, put),
  consumers: openapiOf(consumer),
};
