/** The index of the API. A rule that looks at more than the caller's project is asked again in the handler. */
import type { Route } from '#shared/http/route.ts';
import { listServerActions, showServerAction } from './actions/handlers.ts';
import {
  addHost,
  createAggregate,
  deleteAggregate,
  listAllAggregates,
  removeHost,
  setAggregateMetadata,
  showAggregate,
  updateAggregate,
} from './aggregates/handlers.ts';
import { attachToServer, changeVolume, detachFromServer, listVolumes, showVolume } from './attachments/handlers.ts';
import { createRemoteConsole, showConsoleLog, showConsoleToken, showVncConsole } from './consoles/handlers.ts';
import type { Compute } from './context.ts';
import { tellEvents } from './events/handlers.ts';
import { listExtensions, showExtension } from './extensions/handlers.ts';
import * as flavor from './flavors/handlers.ts';
import * as host from './hosts/handlers.ts';
import {
  addGroup,
  attachInterface,
  detachInterface,
  listServerInterfaces,
  removeGroup,
  showInterface,
} from './interfaces/handlers.ts';
import { createKeypair, deleteKeypair, listOwnKeypairs, showKeypair } from './keypairs/handlers.ts';
import { listServerDetails, listServerNames } from './listings/handlers.ts';
import * as quota from './quotas/handlers.ts';
import { listGroups, listGroupsOfServer, showGroup } from './security-groups/handlers.ts';
import * as server from './servers/handlers.ts';
import { listUsages, showUsage } from './usages/handlers.ts';
import { listVersions, showLegacyVersion, showNamedVersion, showVersion } from './versions/handlers.ts';

const rule = (name: string) => `os_compute_api:${name}`;
const v21 = '/v2.1';
const servers = `${v21}/servers`;
const one = `${servers}/:id`;
const action = `${one}/action`;
const metadata = `${one}/metadata`;
const tags = `${one}/tags`;
const volumes = `${one}/os-volume_attachments`;
const interfaces = `${one}/os-interface`;
const actions = `${one}/os-instance-actions`;
const flavors = `${v21}/flavors`;
const specs = `${flavors}/:id/os-extra_specs`;
const keypairs = `${v21}/os-keypairs`;
const services = `${v21}/os-services`;
const hypervisors = `${v21}/os-hypervisors`;
const zones = `${v21}/os-availability-zone`;
const quotas = `${v21}/os-quota-sets/:id`;
const classes = `${v21}/os-quota-class-sets/:id`;
const aggregates = `${v21}/os-aggregates`;
const usages = `${v21}/os-simple-tenant-usage`;

const versionRoutes: Route<Compute>[] = [
  { method: 'get', path: '/', handler: listVersions, rule: null, who: 'nobody' },
  { method: 'get', path: '/v2', handler: showLegacyVersion, rule: null, who: 'nobody' },
  { method: 'get', path: v21, handler: showVersion, rule: null, who: 'nobody' },
  { method: 'get', path: `${v21}/versions/:id`, handler: showNamedVersion, rule: null, who: 'nobody' },
  { method: 'get', path: `${v21}/extensions`, handler: listExtensions, rule: rule('extensions') },
  { method: 'get', path: `${v21}/extensions/:id`, handler: showExtension, rule: rule('extensions') },
];

const serverRoutes: Route<Compute>[] = [
  { method: 'get', path: servers, handler: listServerNames, rule: rule('servers:index') },
  { method: 'post', path: servers, handler: server.createServer, rule: rule('servers:create') },
  { method: 'get', path: `${servers}/detail`, handler: listServerDetails, rule: rule('servers:detail') },
  { method: 'get', path: one, handler: server.showServer, rule: rule('servers:show') },
  { method: 'put', path: one, handler: server.updateServer, rule: rule('servers:update') },
  { method: 'delete', path: one, handler: server.deleteServer, rule: rule('servers:delete') },
  { method: 'get', path: `${one}/ips`, handler: server.listAddresses, rule: rule('ips:index') },
  { method: 'get', path: `${one}/ips/:label`, handler: server.showAddresses, rule: rule('ips:show') },
  {
    method: 'get',
    path: `${one}/os-security-groups`,
    handler: listGroupsOfServer,
    rule: rule('os-security-groups:list'),
  },
];

const act = (name: string, handler: Route<Compute>['handler'], needs: string, more: object = {}): Route<Compute> => ({
  method: 'post',
  path: action,
  action: name,
  handler,
  rule: rule(needs),
  ...more,
});

const actionRoutes: Route<Compute>[] = [
  act('os-start', server.startServer, 'servers:start'),
  act('os-stop', server.stopServer, 'servers:stop'),
  act('reboot', server.rebootServer, 'servers:reboot'),
  act('pause', server.pauseServer, 'os-pause-server:pause'),
  act('unpause', server.unpauseServer, 'os-pause-server:unpause'),
  act('createImage', server.createImage, 'servers:create_image'),
  act('forceDelete', server.forceDeleteServer, 'os-deferred-delete:force'),
  act('os-resetState', server.resetServerState, 'os-admin-actions:reset_state'),
  act('lock', server.lockServer, 'os-lock-server:lock'),
  act('unlock', server.unlockServer, 'os-lock-server:unlock'),
  act('addSecurityGroup', addGroup, 'os-security-groups:add'),
  act('removeSecurityGroup', removeGroup, 'os-security-groups:remove'),
  act('os-getConsoleOutput', showConsoleLog, 'os-console-output'),
  act('os-getVNCConsole', showVncConsole, 'os-remote-consoles', { until: '2.5' }),
];

const besideServers: Route<Compute>[] = [
  {
    method: 'post',
    path: `${one}/remote-consoles`,
    handler: createRemoteConsole,
    rule: rule('os-remote-consoles'),
    since: '2.6',
  },
  {
    method: 'get',
    path: `${v21}/os-console-auth-tokens/:token`,
    handler: showConsoleToken,
    rule: rule('os-console-auth-tokens'),
  },
  { method: 'get', path: metadata, handler: server.listMetadata, rule: rule('server-metadata:index') },
  { method: 'post', path: metadata, handler: server.addMetadata, rule: rule('server-metadata:create') },
  { method: 'put', path: metadata, handler: server.replaceMetadata, rule: rule('server-metadata:update_all') },
  { method: 'get', path: `${metadata}/:key`, handler: server.showMetadatum, rule: rule('server-metadata:show') },
  { method: 'put', path: `${metadata}/:key`, handler: server.setMetadatum, rule: rule('server-metadata:update') },
  { method: 'delete', path: `${metadata}/:key`, handler: server.deleteMetadatum, rule: rule('server-metadata:delete') },
  { method: 'get', path: tags, handler: server.listTags, rule: rule('os-server-tags:index'), since: '2.26' },
  { method: 'put', path: tags, handler: server.replaceTags, rule: rule('os-server-tags:update_all'), since: '2.26' },
  { method: 'delete', path: tags, handler: server.removeTags, rule: rule('os-server-tags:delete_all'), since: '2.26' },
  { method: 'get', path: `${tags}/:tag`, handler: server.showTag, rule: rule('os-server-tags:show'), since: '2.26' },
  { method: 'put', path: `${tags}/:tag`, handler: server.addTag, rule: rule('os-server-tags:update'), since: '2.26' },
  {
    method: 'delete',
    path: `${tags}/:tag`,
    handler: server.removeTag,
    rule: rule('os-server-tags:delete'),
    since: '2.26',
  },
  { method: 'get', path: volumes, handler: listVolumes, rule: rule('os-volumes-attachments:index') },
  { method: 'post', path: volumes, handler: attachToServer, rule: rule('os-volumes-attachments:create') },
  { method: 'get', path: `${volumes}/:volume`, handler: showVolume, rule: rule('os-volumes-attachments:show') },
  { method: 'put', path: `${volumes}/:volume`, handler: changeVolume, rule: rule('os-volumes-attachments:update') },
  {
    method: 'delete',
    path: `${volumes}/:volume`,
    handler: detachFromServer,
    rule: rule('os-volumes-attachments:delete'),
  },
  { method: 'get', path: interfaces, handler: listServerInterfaces, rule: rule('os-attach-interfaces:list') },
  { method: 'post', path: interfaces, handler: attachInterface, rule: rule('os-attach-interfaces:create') },
  { method: 'get', path: `${interfaces}/:port`, handler: showInterface, rule: rule('os-attach-interfaces:show') },
  {
    method: 'delete',
    path: `${interfaces}/:port`,
    handler: detachInterface,
    rule: rule('os-attach-interfaces:delete'),
  },
  { method: 'get', path: actions, handler: listServerActions, rule: rule('os-instance-actions:list') },
  { method: 'get', path: `${actions}/:request`, handler: showServerAction, rule: rule('os-instance-actions:show') },
  {
    method: 'post',
    path: `${v21}/os-server-external-events`,
    handler: tellEvents,
    rule: rule('os-server-external-events:create'),
  },
];

const flavorRoutes: Route<Compute>[] = [
  { method: 'get', path: flavors, handler: flavor.listFlavorNames, rule: null },
  { method: 'post', path: flavors, handler: flavor.makeFlavor, rule: rule('os-flavor-manage:create') },
  { method: 'get', path: `${flavors}/detail`, handler: flavor.listFlavorDetails, rule: null },
  { method: 'get', path: `${flavors}/:id`, handler: flavor.showFlavor, rule: null },
  {
    method: 'put',
    path: `${flavors}/:id`,
    handler: flavor.describeFlavor,
    rule: rule('os-flavor-manage:update'),
    since: '2.55',
  },
  { method: 'delete', path: `${flavors}/:id`, handler: flavor.deleteFlavor, rule: rule('os-flavor-manage:delete') },
  { method: 'get', path: specs, handler: flavor.listSpecs, rule: rule('os-flavor-extra-specs:index') },
  { method: 'post', path: specs, handler: flavor.addSpecs, rule: rule('os-flavor-extra-specs:create') },
  { method: 'get', path: `${specs}/:key`, handler: flavor.showSpec, rule: rule('os-flavor-extra-specs:show') },
  { method: 'put', path: `${specs}/:key`, handler: flavor.changeSpec, rule: rule('os-flavor-extra-specs:update') },
  { method: 'delete', path: `${specs}/:key`, handler: flavor.deleteSpec, rule: rule('os-flavor-extra-specs:delete') },
  {
    method: 'get',
    path: `${flavors}/:id/os-flavor-access`,
    handler: flavor.showAccess,
    rule: rule('os-flavor-access'),
  },
  {
    method: 'post',
    path: `${flavors}/:id/action`,
    action: 'addTenantAccess',
    handler: flavor.addAccess,
    rule: rule('os-flavor-access:add_tenant_access'),
  },
  {
    method: 'post',
    path: `${flavors}/:id/action`,
    action: 'removeTenantAccess',
    handler: flavor.dropAccess,
    rule: rule('os-flavor-access:remove_tenant_access'),
  },
];

const groupRoutes: Route<Compute>[] = [
  {
    method: 'get',
    path: `${v21}/os-security-groups`,
    handler: listGroups,
    rule: rule('os-security-groups:get'),
    until: '2.35',
  },
  {
    method: 'get',
    path: `${v21}/os-security-groups/:id`,
    handler: showGroup,
    rule: rule('os-security-groups:show'),
    until: '2.35',
  },
];

const keypairRoutes: Route<Compute>[] = [
  { method: 'get', path: keypairs, handler: listOwnKeypairs, rule: null },
  { method: 'post', path: keypairs, handler: createKeypair, rule: null },
  { method: 'get', path: `${keypairs}/:id`, handler: showKeypair, rule: null },
  { method: 'delete', path: `${keypairs}/:id`, handler: deleteKeypair, rule: null },
];

const hostRoutes: Route<Compute>[] = [
  { method: 'get', path: services, handler: host.listAllServices, rule: rule('os-services:list') },
  {
    method: 'put',
    path: `${services}/enable`,
    handler: host.enableService,
    rule: rule('os-services:update'),
    until: '2.52',
  },
  {
    method: 'put',
    path: `${services}/disable`,
    handler: host.disableService,
    rule: rule('os-services:update'),
    until: '2.52',
  },
  {
    method: 'put',
    path: `${services}/disable-log-reason`,
    handler: host.disableServiceSaying,
    rule: rule('os-services:update'),
    until: '2.52',
  },
  {
    method: 'put',
    path: `${services}/force-down`,
    handler: host.forceServiceDown,
    rule: rule('os-services:update'),
    since: '2.11',
    until: '2.52',
  },
  {
    method: 'put',
    path: `${services}/:id`,
    handler: host.updateService,
    rule: rule('os-services:update'),
    since: '2.53',
  },
  { method: 'delete', path: `${services}/:id`, handler: host.deleteService, rule: rule('os-services:delete') },
  { method: 'get', path: hypervisors, handler: host.listHypervisors, rule: rule('os-hypervisors:list') },
  {
    method: 'get',
    path: `${hypervisors}/detail`,
    handler: host.listHypervisorDetails,
    rule: rule('os-hypervisors:list-detail'),
  },
  {
    method: 'get',
    path: `${hypervisors}/statistics`,
    handler: host.hypervisorStatistics,
    rule: rule('os-hypervisors:statistics'),
    until: '2.87',
  },
  { method: 'get', path: `${hypervisors}/:id`, handler: host.showHypervisor, rule: rule('os-hypervisors:show') },
  {
    method: 'get',
    path: `${hypervisors}/:id/search`,
    handler: host.searchHypervisors,
    rule: rule('os-hypervisors:search'),
    until: '2.52',
  },
  {
    method: 'get',
    path: `${hypervisors}/:id/servers`,
    handler: host.hypervisorServers,
    rule: rule('os-hypervisors:servers'),
    until: '2.52',
  },
  { method: 'get', path: zones, handler: host.listZones, rule: rule('os-availability-zone:list') },
  { method: 'get', path: `${zones}/detail`, handler: host.listZoneDetails, rule: rule('os-availability-zone:detail') },
  { method: 'get', path: aggregates, handler: listAllAggregates, rule: rule('os-aggregates:index') },
  { method: 'post', path: aggregates, handler: createAggregate, rule: rule('os-aggregates:create') },
  { method: 'get', path: `${aggregates}/:id`, handler: showAggregate, rule: rule('os-aggregates:show') },
  { method: 'put', path: `${aggregates}/:id`, handler: updateAggregate, rule: rule('os-aggregates:update') },
  { method: 'delete', path: `${aggregates}/:id`, handler: deleteAggregate, rule: rule('os-aggregates:delete') },
  {
    method: 'post',
    path: `${aggregates}/:id/action`,
    action: 'add_host',
    handler: addHost,
    rule: rule('os-aggregates:add_host'),
  },
  {
    method: 'post',
    path: `${aggregates}/:id/action`,
    action: 'remove_host',
    handler: removeHost,
    rule: rule('os-aggregates:remove_host'),
  },
  {
    method: 'post',
    path: `${aggregates}/:id/action`,
    action: 'set_metadata',
    handler: setAggregateMetadata,
    rule: rule('os-aggregates:set_metadata'),
  },
];

const quotaRoutes: Route<Compute>[] = [
  { method: 'get', path: `${v21}/limits`, handler: quota.showLimits, rule: rule('limits') },
  { method: 'get', path: quotas, handler: quota.showQuota, rule: null },
  { method: 'put', path: quotas, handler: quota.updateQuota, rule: rule('os-quota-sets:update') },
  { method: 'delete', path: quotas, handler: quota.deleteQuota, rule: rule('os-quota-sets:delete') },
  { method: 'get', path: `${quotas}/defaults`, handler: quota.showQuotaDefaults, rule: rule('os-quota-sets:defaults') },
  { method: 'get', path: `${quotas}/detail`, handler: quota.showQuotaDetail, rule: null },
  { method: 'get', path: classes, handler: quota.showQuotaClass, rule: rule('os-quota-class-sets:show') },
  { method: 'put', path: classes, handler: quota.updateQuotaClass, rule: rule('os-quota-class-sets:update') },
  { method: 'get', path: usages, handler: listUsages, rule: rule('os-simple-tenant-usage:list') },
  { method: 'get', path: `${usages}/:id`, handler: showUsage, rule: null },
];

export const routes: Route<Compute>[] = [
  ...versionRoutes,
  ...serverRoutes,
  ...actionRoutes,
  ...besideServers,
  ...flavorRoutes,
  ...groupRoutes,
  ...keypairRoutes,
  ...hostRoutes,
  ...quotaRoutes,
];
