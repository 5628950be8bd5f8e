import type { Route } from '#shared/http/route.ts';
import { putAggregates, showAggregates } from './aggregates/handlers.ts';
import {
  deleteAllocations,
  postAllocations,
  putAllocations,
  showConsumer,
  showProviderAllocations,
} from './allocations/handlers.ts';
import { showCandidates } from './candidates/handlers.ts';
import type { Placement } from './context.ts';
import {
  deleteInventories,
  deleteInventory,
  listInventories,
  postInventory,
  putInventories,
  refuseDelete,
  showInventory,
  updateInventory,
} from './inventories/handlers.ts';
import { createProvider, deleteProvider, listProviders, showProvider, updateProvider } from './providers/handlers.ts';
import { reshape } from './reshaper/handlers.ts';
import {
  createClass,
  deleteClass,
  ensureNamedClass,
  listClasses,
  renameNamedClass,
  showClass,
} from './resource-classes/handlers.ts';
import {
  deleteProviderTraits,
  deleteTrait,
  listTraits,
  putProviderTraits,
  putTrait,
  showProviderTraits,
  showTrait,
} from './traits/handlers.ts';
import { showProviderUsages, showUsages } from './usages/handlers.ts';
import { showVersions } from './versions/handlers.ts';

const rule = (name: string) => `placement:${name}`;
const provider = '/resource_providers/:uuid';
const inventories = `${provider}/inventories`;
const inventory = `${inventories}/:resourceClass`;
const aggregates = `${provider}/aggregates`;
const traits = `${provider}/traits`;
const resourceClass = '/resource_classes/:name';
const trait = '/traits/:name';
const consumer = '/allocations/:consumerUuid';

export const routes: Route<Placement>[] = [
  { method: 'get', path: '/', handler: showVersions, rule: null, auth: 'none' },
  { method: 'get', path: '/resource_providers', handler: listProviders, rule: rule('resource_providers:list') },
  { method: 'post', path: '/resource_providers', handler: createProvider, rule: rule('resource_providers:create') },
  { method: 'get', path: provider, handler: showProvider, rule: rule('resource_providers:show') },
  { method: 'put', path: provider, handler: updateProvider, rule: rule('resource_providers:update') },
  { method: 'delete', path: provider, handler: deleteProvider, rule: rule('resource_providers:delete') },
  { method: 'get', path: inventories, handler: listInventories, rule: rule('resource_providers:inventories:list') },
  { method: 'post', path: inventories, handler: postInventory, rule: rule('resource_providers:inventories:create') },
  { method: 'put', path: inventories, handler: putInventories, rule: rule('resource_providers:inventories:update') },
  {
    method: 'delete',
    path: inventories,
    handler: deleteInventories,
    rule: rule('resource_providers:inventories:delete'),
    since: '1.5',
  },
  {
    method: 'delete',
    path: inventories,
    handler: refuseDelete,
    rule: rule('resource_providers:inventories:delete'),
    until: '1.4',
  },
  { method: 'get', path: inventory, handler: showInventory, rule: rule('resource_providers:inventories:show') },
  { method: 'put', path: inventory, handler: updateInventory, rule: rule('resource_providers:inventories:update') },
  { method: 'delete', path: inventory, handler: deleteInventory, rule: rule('resource_providers:inventories:delete') },
  {
    method: 'get',
    path: aggregates,
    handler: showAggregates,
    rule: rule('resource_providers:aggregates:list'),
    since: '1.1',
  },
  {
    method: 'put',
    path: aggregates,
    handler: putAggregates,
    rule: rule('resource_providers:aggregates:update'),
    since: '1.1',
  },
  {
    method: 'get',
    path: traits,
    handler: showProviderTraits,
    rule: rule('resource_providers:traits:list'),
    since: '1.6',
  },
  {
    method: 'put',
    path: traits,
    handler: putProviderTraits,
    rule: rule('resource_providers:traits:update'),
    since: '1.6',
  },
  {
    method: 'delete',
    path: traits,
    handler: deleteProviderTraits,
    rule: rule('resource_providers:traits:delete'),
    since: '1.6',
  },
  {
    method: 'get',
    path: `${provider}/allocations`,
    handler: showProviderAllocations,
    rule: rule('resource_providers:allocations:list'),
  },
  {
    method: 'get',
    path: `${provider}/usages`,
    handler: showProviderUsages,
    rule: rule('resource_providers:usages'),
  },
  { method: 'get', path: '/resource_classes', handler: listClasses, rule: rule('resource_classes:list'), since: '1.2' },
  {
    method: 'post',
    path: '/resource_classes',
    handler: createClass,
    rule: rule('resource_classes:create'),
    since: '1.2',
  },
  { method: 'get', path: resourceClass, handler: showClass, rule: rule('resource_classes:show'), since: '1.2' },
  {
    method: 'put',
    path: resourceClass,
    handler: renameNamedClass,
    rule: rule('resource_classes:update'),
    since: '1.2',
    until: '1.6',
  },
  {
    method: 'put',
    path: resourceClass,
    handler: ensureNamedClass,
    rule: rule('resource_classes:update'),
    since: '1.7',
  },
  { method: 'delete', path: resourceClass, handler: deleteClass, rule: rule('resource_classes:delete'), since: '1.2' },
  { method: 'get', path: '/traits', handler: listTraits, rule: rule('traits:list'), since: '1.6' },
  { method: 'get', path: trait, handler: showTrait, rule: rule('traits:show'), since: '1.6' },
  { method: 'put', path: trait, handler: putTrait, rule: rule('traits:update'), since: '1.6' },
  { method: 'delete', path: trait, handler: deleteTrait, rule: rule('traits:delete'), since: '1.6' },
  { method: 'post', path: '/allocations', handler: postAllocations, rule: rule('allocations:manage'), since: '1.13' },
  { method: 'get', path: consumer, handler: showConsumer, rule: rule('allocations:list') },
  { method: 'put', path: consumer, handler: putAllocations, rule: rule('allocations:update') },
  { method: 'delete', path: consumer, handler: deleteAllocations, rule: rule('allocations:delete') },
  // the target project is in the query, so the handler enforces the rule
  { method: 'get', path: '/usages', handler: showUsages, rule: null, since: '1.9' },
  {
    method: 'get',
    path: '/allocation_candidates',
    handler: showCandidates,
    rule: rule('allocation_candidates:list'),
    since: '1.10',
  },
  { method: 'post', path: '/reshaper', handler: reshape, rule: rule('reshaper:reshape'), since: '1.30' },
];
