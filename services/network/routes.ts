/** The routes of the API. */
import { anyToken, checkedInHandler, type Route } from '#shared/http/route.ts';
import { addGroupAddresses, removeGroupAddresses } from './address-groups/handlers.ts';
import { createAddressGroup, removeAddressGroup, updateAddressGroup } from './address-groups/operations.ts';
import { addressGroups } from './address-groups/resource.ts';
import { createAddressScope, removeAddressScope, updateAddressScope } from './address-scopes/operations.ts';
import { addressScopes } from './address-scopes/resource.ts';
import { availabilities } from './availability/resource.ts';
import { subnetCounts } from './availability/view.ts';
import type { Network } from './context.ts';
import { createDefaultRule, removeDefaultRule } from './default-rules/operations.ts';
import { defaultRules } from './default-rules/resource.ts';
import {
  listExtensions,
  listServiceProviders,
  showExtension,
  showResources,
  showVersions,
} from './extensions/handlers.ts';
import { createFloatingIp, removeFloatingIp, updateFloatingIp } from './floating-ips/operations.ts';
import { floatingIps } from './floating-ips/resource.ts';
import { floatingIpRelations } from './floating-ips/view.ts';
import {
  addRouterToAgent,
  listAgentsOfRouter,
  listRoutersOfAgent,
  removeRouterFromAgent,
} from './gateways/handlers.ts';
import { listAgents, listZones, removeAgent, showAgent, updateAgent } from './hosts/handlers.ts';
import { createNetwork, updateNetwork } from './networks/operations.ts';
import { removeNetwork } from './networks/remove.ts';
import { networks } from './networks/resource.ts';
import { itself, ofNetwork } from './networks/target.ts';
import { networkRelations } from './networks/view.ts';
import {
  activatePortBinding,
  createPortBinding,
  listBindings,
  removePortBinding,
  updatePortBinding,
} from './port-bindings/handlers.ts';
import { createPortForwarding, removePortForwarding, updatePortForwarding } from './port-forwardings/operations.ts';
import { portForwardings } from './port-forwardings/resource.ts';
import { forwardingRelations } from './port-forwardings/view.ts';
import { addressPairs } from './ports/address-pairs.ts';
import { createPort, deletePort, updatePort } from './ports/operations.ts';
import { ports } from './ports/resource.ts';
import { deviceTarget } from './ports/target.ts';
import { portRelations } from './ports/view.ts';
import { listRuleTypes, showRuleType } from './qos/handlers.ts';
import {
  createBandwidthRule,
  createDscpRule,
  createPolicy,
  removePolicy,
  removingRule,
  updateBandwidthRule,
  updateDscpRule,
  updatePolicy,
} from './qos/operations.ts';
import { bandwidthRules, dscpRules, qosPolicies } from './qos/resource.ts';
import { policyRelations } from './qos/view.ts';
import { quotaRoutes } from './quotas/routes.ts';
import { routesOf } from './resources/routes.ts';
import { extraRoutes } from './routers/extra-routes.ts';
import { addRouterInterface, removeRouterInterface } from './routers/handlers.ts';
import { createRouter, removeRouter, updateRouter } from './routers/operations.ts';
import { routers } from './routers/resource.ts';
import { routerRelations } from './routers/view.ts';
import { ensuringDefaultGroup } from './security-groups/ensure-default.ts';
import { createGroup, createRule, removeGroup, removeRule, updateGroup } from './security-groups/operations.ts';
import { securityGroupRules, securityGroups } from './security-groups/resource.ts';
import { ofGroup } from './security-groups/target.ts';
import { groupRelations, ruleRelations } from './security-groups/view.ts';
import { createRbacPolicy, removeRbacPolicy, updateRbacPolicy } from './sharing/operations.ts';
import { rbacPolicies } from './sharing/resource.ts';
import { rbacTarget } from './sharing/target.ts';
import { createSubnetPool, removeSubnetPool, updateSubnetPool } from './subnet-pools/operations.ts';
import { addPrefixes, removePrefixes } from './subnet-pools/prefixes.ts';
import { subnetPools } from './subnet-pools/resource.ts';
import { createSubnet, removeSubnet, updateSubnet } from './subnets/operations.ts';
import { subnets } from './subnets/resource.ts';

const v2 = '/v2.0';
const router = `${v2}/routers/:id`;
const addressGroup = `${v2}/address-groups/:id`;
const pool = `${v2}/subnetpools/:id`;
const bindings = `${v2}/ports/:id/bindings`;

const owned: Route<Network>[] = [
  ...routesOf(networks, {
    create: createNetwork,
    update: updateNetwork,
    remove: removeNetwork,
    related: networkRelations,
    ...itself,
  }),
  ...routesOf(subnets, { create: createSubnet, update: updateSubnet, remove: removeSubnet, ...ofNetwork }),
  ...routesOf(addressScopes, { create: createAddressScope, update: updateAddressScope, remove: removeAddressScope }),
  ...routesOf(addressGroups, { create: createAddressGroup, update: updateAddressGroup, remove: removeAddressGroup }),
  { method: 'put', path: `${addressGroup}/add_addresses`, handler: addGroupAddresses, rule: 'add_addresses' },
  { method: 'put', path: `${addressGroup}/remove_addresses`, handler: removeGroupAddresses, rule: 'remove_addresses' },
  ...routesOf(defaultRules, { create: createDefaultRule, remove: removeDefaultRule }),
  ...routesOf(subnetPools, { create: createSubnetPool, update: updateSubnetPool, remove: removeSubnetPool }),
  { method: 'put', path: `${pool}/add_prefixes`, handler: addPrefixes, rule: 'add_prefixes' },
  { method: 'put', path: `${pool}/remove_prefixes`, handler: removePrefixes, rule: 'remove_prefixes' },
  ...routesOf(ports, {
    create: createPort,
    update: updatePort,
    remove: deletePort,
    related: portRelations,
    targetOfValues: deviceTarget,
    actions: addressPairs,
    ...ofNetwork,
  }),
  { method: 'get', path: bindings, handler: listBindings, rule: 'get_port_binding' },
  { method: 'post', path: bindings, handler: createPortBinding, rule: 'create_port_binding' },
  { method: 'put', path: `${bindings}/:host`, handler: updatePortBinding, rule: 'create_port_binding' },
  { method: 'put', path: `${bindings}/:host/activate`, handler: activatePortBinding, rule: 'activate' },
  { method: 'delete', path: `${bindings}/:host`, handler: removePortBinding, rule: 'delete_port_binding' },
  ...routesOf(routers, {
    create: createRouter,
    update: updateRouter,
    remove: removeRouter,
    related: routerRelations,
    actions: extraRoutes,
  }),
  {
    method: 'put',
    path: `${router}/add_router_interface`,
    handler: addRouterInterface,
    rule: 'add_router_interface',
  },
  {
    method: 'put',
    path: `${router}/remove_router_interface`,
    handler: removeRouterInterface,
    rule: 'remove_router_interface',
  },
  ...routesOf(floatingIps, {
    create: createFloatingIp,
    update: updateFloatingIp,
    remove: removeFloatingIp,
    related: floatingIpRelations,
  }),
  ...routesOf(portForwardings, {
    create: createPortForwarding,
    update: updatePortForwarding,
    remove: removePortForwarding,
    related: forwardingRelations,
  }),
  ...routesOf(securityGroups, {
    create: createGroup,
    update: updateGroup,
    remove: removeGroup,
    related: groupRelations,
  }),
  ...routesOf(securityGroupRules, { create: createRule, remove: removeRule, related: ruleRelations, ...ofGroup }),
  ...routesOf(qosPolicies, {
    create: createPolicy,
    update: updatePolicy,
    remove: removePolicy,
    related: policyRelations,
  }),
  ...routesOf(bandwidthRules, {
    create: createBandwidthRule,
    update: updateBandwidthRule,
    remove: removingRule(bandwidthRules),
  }),
  ...routesOf(dscpRules, { create: createDscpRule, update: updateDscpRule, remove: removingRule(dscpRules) }),
  { method: 'get', path: `${v2}/qos/rule-types`, handler: listRuleTypes, rule: 'get_rule_type' },
  { method: 'get', path: `${v2}/qos/rule-types/:id`, handler: showRuleType, rule: 'get_rule_type' },
  ...routesOf(rbacPolicies, {
    create: createRbacPolicy,
    update: updateRbacPolicy,
    remove: removeRbacPolicy,
    targetOfValues: rbacTarget,
  }),
  ...routesOf(availabilities, { related: subnetCounts }),
];

const cloud: Route<Network>[] = [
  { method: 'get', path: '/', handler: showVersions, auth: 'none' },
  { method: 'get', path: `${v2}/`, handler: showResources(() => routes), auth: 'none' },
  { method: 'get', path: `${v2}/extensions`, handler: listExtensions, rule: anyToken },
  { method: 'get', path: `${v2}/extensions/:alias`, handler: showExtension, rule: anyToken },
  { method: 'get', path: `${v2}/agents`, handler: listAgents, rule: checkedInHandler('get_agent') },
  { method: 'get', path: `${v2}/agents/:id`, handler: showAgent, rule: checkedInHandler('get_agent') },
  { method: 'put', path: `${v2}/agents/:id`, handler: updateAgent, rule: 'update_agent' },
  { method: 'delete', path: `${v2}/agents/:id`, handler: removeAgent, rule: 'delete_agent' },
  { method: 'get', path: `${v2}/agents/:id/l3-routers`, handler: listRoutersOfAgent, rule: 'get_l3-routers' },
  { method: 'post', path: `${v2}/agents/:id/l3-routers`, handler: addRouterToAgent, rule: 'create_l3-router' },
  {
    method: 'delete',
    path: `${v2}/agents/:id/l3-routers/:router_id`,
    handler: removeRouterFromAgent,
    rule: 'delete_l3-router',
  },
  { method: 'get', path: `${v2}/routers/:id/l3-agents`, handler: listAgentsOfRouter, rule: 'get_l3-agents' },
  { method: 'get', path: `${v2}/service-providers`, handler: listServiceProviders, rule: 'get_service_provider' },
  { method: 'get', path: `${v2}/availability_zones`, handler: listZones, rule: 'get_availability_zone' },
  ...quotaRoutes,
];

export const routes: readonly Route<Network>[] = [
  ...owned.map((route) => ({ ...route, handler: ensuringDefaultGroup(route.handler) })),
  ...cloud,
];
