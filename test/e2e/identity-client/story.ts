/** Examples of every command of the stock client, allowed and refused. */
import * as catalog from './chapters/catalog.ts';
import * as federation from './chapters/federation.ts';
import * as keys from './chapters/keys.ts';
import * as people from './chapters/people.ts';
import * as roles from './chapters/roles.ts';
import type { Step } from './step.ts';

export const story: Readonly<Record<string, readonly Step[]>> = {
  domains: people.domains,
  projects: people.projects,
  users: people.users,
  groups: people.groups,
  roles: roles.roles,
  'implied roles': roles.impliedRoles,
  'role assignments': roles.assignments,
  tidying: people.tidying,
  regions: catalog.regions,
  services: catalog.services,
  endpoints: catalog.endpoints,
  'endpoint groups': catalog.endpointGroups,
  catalog: catalog.catalog,
  policies: catalog.policies,
  limits: catalog.limits,
  tokens: keys.tokens,
  passwords: keys.passwords,
  'application credentials': keys.applicationCredentials,
  trusts: keys.trusts,
  'EC2 credentials': keys.ec2,
  credentials: keys.credentials,
  OAuth: keys.oauth,
  federation: federation.federation,
  'service providers': federation.serviceProviders,
  'roles leave': roles.rolesLeave,
  'the catalog is as before': catalog.catalogLeaves,
  farewell: people.farewell,
};
