/** The index of the API. Fixed path segments come before ids: the first route that matches is used. */
import { type Authorization, anyToken, type Route } from '#shared/http/route.ts';
import { attachmentRoutes } from './attachments/routes.ts';
import { backupRoutes } from './backups/routes.ts';
import type { Volumes } from './context.ts';
import { defaultTypeRoutes } from './default-types/routes.ts';
import * as extensions from './extensions/handlers.ts';
import { listFilters } from './filters/handlers.ts';
import { groupSnapshotRoutes } from './group-snapshots/routes.ts';
import { groupTypeRoutes } from './group-types/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import * as hosts from './hosts/handlers.ts';
import { inProjects } from './listing/scope.ts';
import { manageableRoutes } from './manageable/routes.ts';
import { metadataRoutes } from './metadata/routes.ts';
import { qosRoutes } from './qos/routes.ts';
import { quotaRoutes } from './quotas/routes.ts';
import { snapshotRoutes } from './snapshots/routes.ts';
import { transferRoutes } from './transfers/routes.ts';
import { typeEncryptionRoutes } from './type-encryption/routes.ts';
import { typeRoutes } from './types/routes.ts';
import { messageRoutes } from './user-messages/routes.ts';
import * as versions from './versions/handlers.ts';
import { volumeRoutes } from './volumes/routes.ts';

type More = Partial<Pick<Route<Volumes>, 'since'>>;

const get = (
  path: string,
  handler: Route<Volumes>['handler'],
  rule: Authorization,
  more: More = {},
): Route<Volumes> => ({
  method: 'get',
  path,
  handler,
  rule,
  ...more,
});
const update = (path: string, handler: Route<Volumes>['handler']): Route<Volumes> => ({
  method: 'put',
  path: `/os-services/${path}`,
  handler,
  rule: 'volume_extension:services:update',
});

const odd: Route<Volumes>[] = [
  get('/resource_filters', listFilters, anyToken, { since: '3.33' }),
  get('/os-services', hosts.listServices, 'volume_extension:services:index'),
  update('enable', hosts.enableService),
  update('disable', hosts.disableService),
  update('disable-log-reason', hosts.disableServiceWithReason),
  update('freeze', hosts.freezeHost),
  update('thaw', hosts.thawHost),
  get('/scheduler-stats/get_pools', hosts.listPoolsHandler, 'scheduler_extension:scheduler_stats:get_pools'),
  get('/capabilities/:id', hosts.showCapabilities, 'volume_extension:capabilities'),
  get('/os-hosts', hosts.listStorageHosts, 'volume_extension:hosts'),
  get('/os-hosts/:id', hosts.showStorageHost, 'volume_extension:hosts'),
  get('/os-availability-zone', hosts.listZones, anyToken),
  get('/extensions', extensions.listExtensions, anyToken),
  get('/extensions/:id', extensions.showExtension, anyToken),
];

export const routes: Route<Volumes>[] = [
  { method: 'get', path: '/', handler: versions.listVersions, auth: 'none' },
  { method: 'get', path: '/v3', handler: versions.showVersion, auth: 'none' },
  ...defaultTypeRoutes,
  ...inProjects([
    ...volumeRoutes,
    ...metadataRoutes,
    ...snapshotRoutes,
    ...attachmentRoutes,
    ...transferRoutes,
    ...typeRoutes,
    ...typeEncryptionRoutes,
    ...manageableRoutes,
    ...quotaRoutes,
    ...messageRoutes,
    ...backupRoutes,
    ...qosRoutes,
    ...groupTypeRoutes,
    ...groupRoutes,
    ...groupSnapshotRoutes,
    ...odd,
  ]),
];
