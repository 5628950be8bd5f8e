/** The routes of the API. A rule whose target is more than the caller's project is checked in the handler. */
import { anyToken, checkedInHandler, type Route } from '#shared/http/route.ts';
import { listAvailabilities, showAvailability } from './availability/handlers.ts';
import type { Network } from './context.ts';
import {
  listExtensions,
  listServiceProviders,
  showExtension,
  showResources,
  showVersions,
} from './extensions/handlers.ts';
import { floatingIps } from './floating-ips/handlers.ts';
import { listAgents, listZones, removeAgent, showAgent } from './hosts/handlers.ts';
import { networks } from './networks/handlers.ts';
import { ports } from './ports/handlers.ts';
import {
  listAllQuotas,
  resetQuota,
  showDefaultQuota,
  showQuota,
  showQuotaDetails,
  updateQuota,
} from './quotas/handlers.ts';
import { routesOf } from './resources/routes.ts';
import { addRouterInterface, removeRouterInterface, routers } from './routers/handlers.ts';
import { ensuringDefaultGroup } from './security-groups/ensure-default.ts';
import { securityGroupRules, securityGroups } from './security-groups/handlers.ts';
import { createSubnetPool, removeSubnetPool, updateSubnetPool } from './subnet-pools/operations.ts';
import { subnetPool } from './subnet-pools/resource.ts';
import { subnets } from './subnets/handlers.ts';
import { addTag, addTags, checkTag, listTags, removeTag, removeTags, replaceTags, tagRules } from './tags/handlers.ts';

const v2 = '/v2.0';
const quota = `${v2}/quotas/:id`;
const tags = `${v2}/:collection/:id/tags`;

const tagsIn = (verb: 'get' | 'update' | 'delete') => checkedInHandler(...tagRules(verb));

const owned: Route<Network>[] = [
  { method: 'get', path: `${v2}/networks`, handler: networks.list, rule: 'get_network' },
  { method: 'post', path: `${v2}/networks`, handler: networks.create, rule: 'create_network' },
  { method: 'get', path: `${v2}/networks/:id`, handler: networks.show, rule: 'get_network' },
  { method: 'put', path: `${v2}/networks/:id`, handler: networks.update, rule: 'update_network' },
  { method: 'delete', path: `${v2}/networks/:id`, handler: networks.remove, rule: 'delete_network' },

  { method: 'get', path: `${v2}/subnets`, handler: subnets.list, rule: 'get_subnet' },
  { method: 'post', path: `${v2}/subnets`, handler: subnets.create, rule: checkedInHandler('create_subnet') },
  { method: 'get', path: `${v2}/subnets/:id`, handler: subnets.show, rule: 'get_subnet' },
  { method: 'put', path: `${v2}/subnets/:id`, handler: subnets.update, rule: 'update_subnet' },
  { method: 'delete', path: `${v2}/subnets/:id`, handler: subnets.remove, rule: 'delete_subnet' },

  ...routesOf(subnetPool, { create: createSubnetPool, update: updateSubnetPool, remove: removeSubnetPool }),

  { method: 'get', path: `${v2}/ports`, handler: ports.list, rule: 'get_port' },
  { method: 'post', path: `${v2}/ports`, handler: ports.create, rule: checkedInHandler('create_port') },
  { method: 'get', path: `${v2}/ports/:id`, handler: ports.show, rule: 'get_port' },
  { method: 'put', path: `${v2}/ports/:id`, handler: ports.update, rule: 'update_port' },
  { method: 'delete', path: `${v2}/ports/:id`, handler: ports.remove, rule: 'delete_port' },

  { method: 'get', path: `${v2}/routers`, handler: routers.list, rule: 'get_router' },
  { method: 'post', path: `${v2}/routers`, handler: routers.create, rule: 'create_router' },
  { method: 'get', path: `${v2}/routers/:id`, handler: routers.show, rule: 'get_router' },
  { method: 'put', path: `${v2}/routers/:id`, handler: routers.update, rule: 'update_router' },
  { method: 'delete', path: `${v2}/routers/:id`, handler: routers.remove, rule: 'delete_router' },
  {
    method: 'put',
    path: `${v2}/routers/:id/add_router_interface`,
    handler: addRouterInterface,
    rule: 'add_router_interface',
  },
  {
    method: 'put',
    path: `${v2}/routers/:id/remove_router_interface`,
    handler: removeRouterInterface,
    rule: 'remove_router_interface',
  },

  { method: 'get', path: `${v2}/floatingips`, handler: floatingIps.list, rule: 'get_floatingip' },
  { method: 'post', path: `${v2}/floatingips`, handler: floatingIps.create, rule: 'create_floatingip' },
  { method: 'get', path: `${v2}/floatingips/:id`, handler: floatingIps.show, rule: 'get_floatingip' },
  { method: 'put', path: `${v2}/floatingips/:id`, handler: floatingIps.update, rule: 'update_floatingip' },
  { method: 'delete', path: `${v2}/floatingips/:id`, handler: floatingIps.remove, rule: 'delete_floatingip' },

  { method: 'get', path: `${v2}/security-groups`, handler: securityGroups.list, rule: 'get_security_group' },
  { method: 'post', path: `${v2}/security-groups`, handler: securityGroups.create, rule: 'create_security_group' },
  { method: 'get', path: `${v2}/security-groups/:id`, handler: securityGroups.show, rule: 'get_security_group' },
  { method: 'put', path: `${v2}/security-groups/:id`, handler: securityGroups.update, rule: 'update_security_group' },
  {
    method: 'delete',
    path: `${v2}/security-groups/:id`,
    handler: securityGroups.remove,
    rule: 'delete_security_group',
  },
  {
    method: 'get',
    path: `${v2}/security-group-rules`,
    handler: securityGroupRules.list,
    rule: checkedInHandler('get_security_group_rule'),
  },
  {
    method: 'post',
    path: `${v2}/security-group-rules`,
    handler: securityGroupRules.create,
    rule: checkedInHandler('create_security_group_rule'),
  },
  {
    method: 'get',
    path: `${v2}/security-group-rules/:id`,
    handler: securityGroupRules.show,
    rule: checkedInHandler('get_security_group_rule'),
  },
  {
    method: 'delete',
    path: `${v2}/security-group-rules/:id`,
    handler: securityGroupRules.remove,
    rule: checkedInHandler('delete_security_group_rule'),
  },

  {
    method: 'get',
    path: `${v2}/network-ip-availabilities`,
    handler: listAvailabilities,
    rule: 'get_network_ip_availability',
  },
  {
    method: 'get',
    path: `${v2}/network-ip-availabilities/:id`,
    handler: showAvailability,
    rule: 'get_network_ip_availability',
  },
];

const cloud: Route<Network>[] = [
  { method: 'get', path: '/', handler: showVersions, auth: 'none' },
  { method: 'get', path: `${v2}/`, handler: showResources, auth: 'none' },
  { method: 'get', path: `${v2}/extensions`, handler: listExtensions, rule: anyToken },
  { method: 'get', path: `${v2}/extensions/:alias`, handler: showExtension, rule: anyToken },
  { method: 'get', path: `${v2}/agents`, handler: listAgents, rule: checkedInHandler('get_agent') },
  { method: 'get', path: `${v2}/agents/:id`, handler: showAgent, rule: checkedInHandler('get_agent') },
  { method: 'delete', path: `${v2}/agents/:id`, handler: removeAgent, rule: 'delete_agent' },
  { method: 'get', path: `${v2}/service-providers`, handler: listServiceProviders, rule: 'get_service_provider' },
  { method: 'get', path: `${v2}/availability_zones`, handler: listZones, rule: 'get_availability_zone' },

  { method: 'get', path: `${v2}/quotas`, handler: listAllQuotas, rule: 'update_quota' },
  { method: 'get', path: quota, handler: showQuota, rule: checkedInHandler('get_quota') },
  { method: 'get', path: `${quota}/default`, handler: showDefaultQuota, rule: checkedInHandler('get_quota') },
  { method: 'get', path: `${quota}/details`, handler: showQuotaDetails, rule: checkedInHandler('get_quota') },
  { method: 'get', path: `${quota}/details.json`, handler: showQuotaDetails, rule: checkedInHandler('get_quota') },
  { method: 'put', path: quota, handler: updateQuota, rule: 'update_quota' },
  { method: 'delete', path: quota, handler: resetQuota, rule: 'delete_quota' },

  { method: 'get', path: tags, handler: listTags, rule: tagsIn('get') },
  { method: 'put', path: tags, handler: replaceTags, rule: tagsIn('update') },
  { method: 'post', path: tags, handler: addTags, rule: tagsIn('update') },
  { method: 'delete', path: tags, handler: removeTags, rule: tagsIn('delete') },
  { method: 'get', path: `${tags}/:tag`, handler: checkTag, rule: tagsIn('get') },
  { method: 'put', path: `${tags}/:tag`, handler: addTag, rule: tagsIn('update') },
  { method: 'delete', path: `${tags}/:tag`, handler: removeTag, rule: tagsIn('delete') },
];

export const routes: readonly Route<Network>[] = [
  ...owned.map((route) => ({ ...route, handler: ensuringDefaultGroup(route.handler) })),
  ...cloud,
];
