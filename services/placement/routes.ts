import type { Version } from '#shared/api/versions.ts';
import { checkedInHandler, type Route } from '#shared/http/route.ts';
import * as aggregates from './aggregates/handlers.ts';
import * as allocations from './allocations/handlers.ts';
import * as candidates from './candidates/handlers.ts';
import type { Placement } from './context.ts';
import { newest } from './dialect.ts';
import * as inventories from './inventories/handlers.ts';
import * as providers from './providers/handlers.ts';
import { reshape } from './reshaper/handlers.ts';
import * as classes from './resource-classes/handlers.ts';
import * as traits from './traits/handlers.ts';
import * as usages from './usages/handlers.ts';
import { withCacheHeaders } from './versions/cache-headers.ts';
import { showVersions } from './versions/handlers.ts';

const provider = '/resource_providers/:uuid';

type Line = readonly [Route<Placement>['method'], string, Route<Placement>['handler'], string, Version?, Version?];

/** Method, path, handler, rule, first and last version. */
const lines: readonly Line[] = [
  ['get', '/resource_providers', providers.list, 'resource_providers:list'],
  ['post', '/resource_providers', providers.create, 'resource_providers:create'],
  ['get', provider, providers.show, 'resource_providers:show'],
  ['put', provider, providers.update, 'resource_providers:update'],
  ['delete', provider, providers.remove, 'resource_providers:delete'],
  ['get', `${provider}/inventories`, inventories.list, 'resource_providers:inventories:list'],
  ['post', `${provider}/inventories`, inventories.add, 'resource_providers:inventories:create'],
  ['put', `${provider}/inventories`, inventories.replaceAll, 'resource_providers:inventories:update'],
  ['delete', `${provider}/inventories`, inventories.removeAll, 'resource_providers:inventories:delete', '1.5'],
  [
    'delete',
    `${provider}/inventories`,
    inventories.refuseRemoveAll,
    'resource_providers:inventories:delete',
    '1.0',
    '1.4',
  ],
  ['get', `${provider}/inventories/:resourceClass`, inventories.show, 'resource_providers:inventories:show'],
  ['put', `${provider}/inventories/:resourceClass`, inventories.update, 'resource_providers:inventories:update'],
  ['delete', `${provider}/inventories/:resourceClass`, inventories.remove, 'resource_providers:inventories:delete'],
  ['get', `${provider}/aggregates`, aggregates.show, 'resource_providers:aggregates:list', '1.1'],
  ['put', `${provider}/aggregates`, aggregates.replace, 'resource_providers:aggregates:update', '1.1'],
  ['get', `${provider}/traits`, traits.listOfProvider, 'resource_providers:traits:list', '1.6'],
  ['put', `${provider}/traits`, traits.replaceOfProvider, 'resource_providers:traits:update', '1.6'],
  ['delete', `${provider}/traits`, traits.removeAllOfProvider, 'resource_providers:traits:delete', '1.6'],
  ['get', `${provider}/allocations`, allocations.listOfProvider, 'resource_providers:allocations:list'],
  ['get', `${provider}/usages`, usages.showOfProvider, 'resource_providers:usages'],
  ['get', '/resource_classes', classes.list, 'resource_classes:list', '1.2'],
  ['post', '/resource_classes', classes.create, 'resource_classes:create', '1.2'],
  ['get', '/resource_classes/:name', classes.show, 'resource_classes:show', '1.2'],
  ['put', '/resource_classes/:name', classes.rename, 'resource_classes:update', '1.2', '1.6'],
  ['put', '/resource_classes/:name', classes.ensure, 'resource_classes:update', '1.7'],
  ['delete', '/resource_classes/:name', classes.remove, 'resource_classes:delete', '1.2'],
  ['get', '/traits', traits.list, 'traits:list', '1.6'],
  ['get', '/traits/:name', traits.show, 'traits:show', '1.6'],
  ['put', '/traits/:name', traits.ensure, 'traits:update', '1.6'],
  ['delete', '/traits/:name', traits.remove, 'traits:delete', '1.6'],
  ['post', '/allocations', allocations.replaceSeveral, 'allocations:manage', '1.13'],
  ['get', '/allocations/:consumerUuid', allocations.show, 'allocations:list'],
  ['put', '/allocations/:consumerUuid', allocations.replace, 'allocations:update'],
  ['delete', '/allocations/:consumerUuid', allocations.remove, 'allocations:delete'],
  ['get', '/allocation_candidates', candidates.list, 'allocation_candidates:list', '1.10'],
  ['post', '/reshaper', reshape, 'reshaper:reshape', '1.30'],
];

export const routes: Route<Placement>[] = [
  { method: 'get', path: '/', handler: withCacheHeaders(showVersions), auth: 'none' },
  // the target project is in the query, so the handler enforces the rule
  {
    method: 'get',
    path: '/usages',
    handler: withCacheHeaders(usages.show),
    rule: checkedInHandler('placement:usages'),
    since: '1.9',
  },
  ...lines.map(([method, path, handler, rule, since = '1.0', until = newest]) => ({
    method,
    path,
    handler: withCacheHeaders(handler),
    rule: `placement:${rule}`,
    since,
    until,
  })),
];
