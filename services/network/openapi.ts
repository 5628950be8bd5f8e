/** The OpenAPI files of this API that definitions give, by name. */
import { addressesPaths } from './address-groups/openapi.ts';
import { addressGroups } from './address-groups/resource.ts';
import { addressScopes } from './address-scopes/resource.ts';
import { availabilities } from './availability/resource.ts';
import { defaultRules } from './default-rules/resource.ts';
import { floatingIps } from './floating-ips/resource.ts';
import { networks } from './networks/resource.ts';
import { bindingPaths } from './port-bindings/openapi.ts';
import { portForwardings } from './port-forwardings/resource.ts';
import { addressPairPaths } from './ports/openapi.ts';
import { ports } from './ports/resource.ts';
import { ruleTypePaths } from './qos/openapi.ts';
import { bandwidthRules, dscpRules, qosPolicies } from './qos/resource.ts';
import { openapiOf } from './resources/openapi.ts';
import { extraRoutePaths, interfacePaths } from './routers/openapi.ts';
import { routers } from './routers/resource.ts';
import { securityGroupRules, securityGroups } from './security-groups/resource.ts';
import { rbacPolicies } from './sharing/resource.ts';
import { prefixPaths } from './subnet-pools/openapi.ts';
import { subnetPools } from './subnet-pools/resource.ts';
import { subnets } from './subnets/resource.ts';

export const openapi = {
  networks: openapiOf(networks),
  subnets: openapiOf(subnets),
  'address-groups': openapiOf(addressGroups, addressesPaths),
  'default-security-group-rules': openapiOf(defaultRules),
  'address-scopes': openapiOf(addressScopes),
  subnetpools: openapiOf(subnetPools, prefixPaths),
  ports: openapiOf(ports, addressPairPaths),
  'port-bindings': bindingPaths,
  routers: openapiOf(routers, { ...interfacePaths, ...extraRoutePaths }),
  floatingips: openapiOf(floatingIps),
  'port-forwardings': openapiOf(portForwardings),
  'security-groups': openapiOf(securityGroups),
  'security-group-rules': openapiOf(securityGroupRules),
  'qos-policies': openapiOf(qosPolicies),
  'qos-bandwidth-limit-rules': openapiOf(bandwidthRules),
  'qos-dscp-marking-rules': openapiOf(dscpRules),
  'qos-rule-types': ruleTypePaths,
  'rbac-policies': openapiOf(rbacPolicies),
  'network-ip-availabilities': openapiOf(availabilities),
};
