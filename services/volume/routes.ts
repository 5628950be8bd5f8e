/** The index of the API. Every path exists twice: with the caller's project in it, and (as from 3.67) without. */
import type { Route } from '#shared/http/route.ts';
import * as attachments from './attachments/handlers.ts';
import type { Volumes } from './context.ts';
import * as extensions from './extensions/handlers.ts';
import * as filters from './filters/handlers.ts';
import * as hosts from './hosts/handlers.ts';
import { inProject } from './listing/scope.ts';
import { metadataRoutes } from './metadata/routes.ts';
import { quotaRoutes } from './quotas/routes.ts';
import * as snapshots from './snapshots/handlers.ts';
import * as transfers from './transfers/handlers.ts';
import { typeRoutes } from './types/routes.ts';
import * as unsupported from './unsupported/handlers.ts';
import * as messages from './user-messages/handlers.ts';
import * as versions from './versions/handlers.ts';
import * as actions from './volumes/action-handlers.ts';
import * as volumes from './volumes/handlers.ts';

type Method = Route<Volumes>['method'];
type Handle = Route<Volumes>['handler'];
type More = Omit<Partial<Route<Volumes>>, 'method' | 'path' | 'handler' | 'rule'>;

const prefixes = ['/v3', '/v3/:projectId'];

const route = (method: Method, path: string, handler: Handle, rule: string | null, more: More = {}): Route<Volumes>[] =>
  prefixes.map((prefix) => ({ method, path: prefix + path, handler: inProject(handler), rule, ...more }));

const act =
  (path: string, prefix: string) =>
  (action: string, handler: Handle, rule: string, more: More = {}) =>
    route('post', path, handler, prefix + rule, { action, ...more });

const verb = act('/volumes/:id/action', 'volume_extension:');
const ownVerb = act('/volumes/:id/action', 'volume:');
const snapshotVerb = act('/snapshots/:id/action', 'volume_extension:');

/** Fixed path segments come before ids: the first route that matches is used. */
const all: (Route<Volumes> | Route<Volumes>[])[] = [
  { method: 'get', path: '/', handler: versions.listVersions, rule: null, auth: 'none' },
  { method: 'get', path: '/v3', handler: versions.showVersion, rule: null, auth: 'none' },

  route('get', '/volumes/detail', volumes.listDetails, 'volume:get_all'),
  route('get', '/volumes/summary', volumes.sumVolumes, 'volume:get_all', { since: '3.12' }),
  route('get', '/volumes', volumes.listSummaries, 'volume:get_all'),
  route('post', '/volumes', volumes.createVolume, 'volume:create'),
  route('get', '/volumes/:id', volumes.showVolume, 'volume:get'),
  route('put', '/volumes/:id', volumes.updateVolume, 'volume:update'),
  route('delete', '/volumes/:id', volumes.deleteVolume, 'volume:delete'),
  route('get', '/volumes/:id/encryption', volumes.showEncryption, 'volume:get'),

  ownVerb('os-extend', actions.extend, 'extend'),
  ownVerb('os-retype', actions.retype, 'retype'),
  ownVerb('os-update_readonly_flag', actions.setReadOnly, 'update_readonly_flag'),
  ownVerb('os-set_bootable', actions.setBootable, 'update'),
  verb('os-reset_status', actions.resetStatus, 'volume_admin_actions:reset_status'),
  verb('os-force_delete', actions.forceDelete, 'volume_admin_actions:force_delete'),
  verb('os-force_detach', actions.forceDetach, 'volume_admin_actions:force_detach'),
  verb('os-volume_upload_image', actions.uploadImage, 'volume_actions:upload_image'),
  verb('os-set_image_metadata', actions.setImageMetadata, 'volume_image_metadata:set'),
  verb('os-show_image_metadata', actions.showImageMetadata, 'volume_image_metadata:show'),
  verb('os-unset_image_metadata', actions.unsetImageMetadata, 'volume_image_metadata:remove'),
  verb('os-reserve', actions.reserve, 'volume_actions:reserve'),
  verb('os-unreserve', actions.unreserve, 'volume_actions:unreserve'),
  verb('os-begin_detaching', actions.beginDetaching, 'volume_actions:begin_detaching'),
  verb('os-roll_detaching', actions.rollDetaching, 'volume_actions:roll_detaching'),
  verb('os-attach', actions.attach, 'volume_actions:attach'),
  verb('os-detach', actions.detach, 'volume_actions:detach'),

  route('get', '/snapshots/detail', snapshots.listSnapshotDetails, 'volume:get_all_snapshots'),
  route('get', '/snapshots', snapshots.listSnapshotSummaries, 'volume:get_all_snapshots'),
  route('post', '/snapshots', snapshots.createSnapshot, 'volume:create_snapshot'),
  route('get', '/snapshots/:id', snapshots.showSnapshot, 'volume:get_snapshot'),
  route('put', '/snapshots/:id', snapshots.updateSnapshot, 'volume:update_snapshot'),
  route('delete', '/snapshots/:id', snapshots.deleteSnapshot, 'volume:delete_snapshot'),
  snapshotVerb('os-reset_status', snapshots.resetSnapshotStatus, 'snapshot_admin_actions:reset_status'),
  snapshotVerb('os-force_delete', snapshots.forceDeleteSnapshot, 'snapshot_admin_actions:force_delete'),
  act('/snapshots/:id/action', 'snapshot_extension:')(
    'os-update_snapshot_status',
    snapshots.updateSnapshotStatus,
    'snapshot_actions:update_snapshot_status',
  ),

  route('get', '/attachments/detail', attachments.listAttachmentDetails, 'volume:get_all', { since: '3.27' }),
  route('get', '/attachments', attachments.listAttachmentSummaries, 'volume:get_all', { since: '3.27' }),
  route('post', '/attachments', attachments.createAttachment, 'volume:attachment_create', { since: '3.27' }),
  route('get', '/attachments/:id', attachments.showAttachment, 'volume:get', { since: '3.27' }),
  route('put', '/attachments/:id', attachments.updateAttachment, 'volume:attachment_update', { since: '3.27' }),
  route('delete', '/attachments/:id', attachments.deleteAttachment, 'volume:attachment_delete', { since: '3.27' }),
  route('post', '/attachments/:id/action', attachments.completeAttachment, 'volume:attachment_complete', {
    action: 'os-complete',
    since: '3.44',
  }),

  ...['/os-volume-transfer', '/volume-transfers'].flatMap((path) => {
    const more: More = path === '/volume-transfers' ? { since: '3.55' } : {};
    return [
      route('get', `${path}/detail`, transfers.listTransferDetails, 'volume:get_all_transfers', more),
      route('get', path, transfers.listTransfers, 'volume:get_all_transfers', more),
      route('post', path, transfers.createTransfer, 'volume:create_transfer', more),
      route('get', `${path}/:id`, transfers.showTransfer, 'volume:get_transfer', more),
      route('delete', `${path}/:id`, transfers.deleteTransfer, 'volume:delete_transfer', more),
      route('post', `${path}/:id/accept`, transfers.acceptTransfer, 'volume:accept_transfer', more),
    ];
  }),

  ...[...metadataRoutes, ...typeRoutes, ...quotaRoutes].map(({ method, path, handler, rule, ...more }) =>
    route(method, path, handler, rule, more),
  ),
  route('get', '/types/:id/encryption', unsupported.showTypeEncryption, 'volume_extension:volume_type_encryption:get'),
  route('get', '/qos-specs', unsupported.emptyList('qos_specs'), 'volume_extension:qos_specs_manage:get_all'),
  ...['/backups', '/backups/detail'].map((path) =>
    route('get', path, unsupported.emptyList('backups'), 'backup:get_all'),
  ),
  route('get', '/group_types', unsupported.emptyList('group_types'), null, { since: '3.11' }),
  ...['/groups', '/groups/detail'].map((path) =>
    route('get', path, unsupported.emptyList('groups'), 'group:get_all', { since: '3.13' }),
  ),
  ...['/group_snapshots', '/group_snapshots/detail'].map((path) =>
    route('get', path, unsupported.emptyList('group_snapshots'), 'group:get_all_group_snapshots', { since: '3.14' }),
  ),

  route('get', '/resource_filters', filters.listFilters, null, { since: '3.33' }),

  route('get', '/os-services', hosts.listServices, 'volume_extension:services:index'),
  route('put', '/os-services/enable', hosts.enableService, 'volume_extension:services:update'),
  route('put', '/os-services/disable', hosts.disableService, 'volume_extension:services:update'),
  route('put', '/os-services/freeze', hosts.freezeHost, 'volume_extension:services:update'),
  route('put', '/os-services/thaw', hosts.thawHost, 'volume_extension:services:update'),
  route('put', '/os-services/disable-log-reason', hosts.disableServiceWithReason, 'volume_extension:services:update'),
  route('get', '/scheduler-stats/get_pools', hosts.listPoolsHandler, 'scheduler_extension:scheduler_stats:get_pools'),
  route('get', '/capabilities/:id', hosts.showCapabilities, 'volume_extension:capabilities'),
  route('get', '/os-hosts', hosts.listStorageHosts, 'volume_extension:hosts'),
  route('get', '/os-hosts/:id', hosts.showStorageHost, 'volume_extension:hosts'),
  route('get', '/os-availability-zone', hosts.listZones, null),

  route('get', '/messages', messages.listMessages, 'message:get_all', { since: '3.3' }),
  route('get', '/messages/:id', messages.showMessage, 'message:get', { since: '3.3' }),
  route('delete', '/messages/:id', messages.deleteMessage, 'message:delete', { since: '3.3' }),

  route('get', '/extensions', extensions.listExtensions, null),
  route('get', '/extensions/:id', extensions.showExtension, null),
];

export const routes: Route<Volumes>[] = all.flat();
