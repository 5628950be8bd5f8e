/** Entry point 1, HTTP: all routes. A rule that depends on more than the caller's project is checked again in the handler. */
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
import { sendEvents } from './events/handlers.ts';
import { listExtensions, showExtension } from './extensions/handlers.ts';
import { flavorRoutes } from './flavors/routes.ts';
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
import * as proxy from './proxies/handlers.ts';
import * as quota from './quotas/handlers.ts';
import { listGroups, listGroupsOfServer, showGroup } from './security-groups/handlers.ts';
import { createServerGroup, deleteServerGroup, listServerGroups, showServerGroup } from './server-groups/handlers.ts';
import * as server from './servers/handlers.ts';
import { listUsages, showUsage } from './usages/handlers.ts';
import { listVersions, showLegacyVersion, showNamedVersion, showVersion } from './versions/handlers.ts';

/** `needs` is the name of a rule below `os_compute_api:`; null: the handler checks, or any token will do. */
const on =
  (method: Route<Compute>['method']) =>
  (path: string, handler: Route<Compute>['handler'], needs: string | null, more: Partial<Route<Compute>> = {}) => ({
    method,
    path,
    handler,
    rule: needs === null ? null : `os_compute_api:${needs}`,
    ...more,
  });
const [get, post, put, remove] = [on('get'), on('post'), on('put'), on('delete')];
const v21 = '/v2.1';
const servers = `${v21}/servers`;
const one = `${servers}/:id`;
const metadata = `${one}/metadata`;
const tags = `${one}/tags`;
const volumes = `${one}/os-volume_attachments`;
const interfaces = `${one}/os-interface`;
const actions = `${one}/os-instance-actions`;
const keypairs = `${v21}/os-keypairs`;
const services = `${v21}/os-services`;
const hypervisors = `${v21}/os-hypervisors`;
const zones = `${v21}/os-availability-zone`;
const quotas = `${v21}/os-quota-sets/:id`;
const classes = `${v21}/os-quota-class-sets/:id`;
const aggregates = `${v21}/os-aggregates`;
const usages = `${v21}/os-simple-tenant-usage`;

const versionRoutes: Route<Compute>[] = [
  get('/', listVersions, null, { auth: 'none' }),
  get('/v2', showLegacyVersion, null, { auth: 'none' }),
  get(v21, showVersion, null, { auth: 'none' }),
  get(`${v21}/versions/:id`, showNamedVersion, null, { auth: 'none' }),
  get(`${v21}/extensions`, listExtensions, 'extensions'),
  get(`${v21}/extensions/:id`, showExtension, 'extensions'),
];

const serverRoutes: Route<Compute>[] = [
  get(servers, listServerNames, 'servers:index'),
  post(servers, server.createServer, 'servers:create'),
  get(`${servers}/detail`, listServerDetails, 'servers:detail'),
  get(one, server.showServer, 'servers:show'),
  put(one, server.updateServer, 'servers:update'),
  remove(one, server.deleteServer, 'servers:delete'),
  get(`${one}/ips`, server.listAddresses, 'ips:index'),
  get(`${one}/ips/:label`, server.showAddresses, 'ips:show'),
  get(`${one}/os-security-groups`, listGroupsOfServer, 'os-security-groups:list'),
];

const act = (action: string, handler: Route<Compute>['handler'], needs: string, more: Partial<Route<Compute>> = {}) =>
  post(`${one}/action`, handler, needs, { action, ...more });

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

const serverSubresources: Route<Compute>[] = [
  post(`${one}/remote-consoles`, createRemoteConsole, 'os-remote-consoles', { since: '2.6' }),
  get(`${v21}/os-console-auth-tokens/:token`, showConsoleToken, 'os-console-auth-tokens'),
  get(metadata, server.listMetadata, 'server-metadata:index'),
  post(metadata, server.addMetadata, 'server-metadata:create'),
  put(metadata, server.replaceMetadata, 'server-metadata:update_all'),
  get(`${metadata}/:key`, server.showMetadatum, 'server-metadata:show'),
  put(`${metadata}/:key`, server.setMetadatum, 'server-metadata:update'),
  remove(`${metadata}/:key`, server.deleteMetadatum, 'server-metadata:delete'),
  get(tags, server.listTags, 'os-server-tags:index', { since: '2.26' }),
  put(tags, server.replaceTags, 'os-server-tags:update_all', { since: '2.26' }),
  remove(tags, server.removeTags, 'os-server-tags:delete_all', { since: '2.26' }),
  get(`${tags}/:tag`, server.showTag, 'os-server-tags:show', { since: '2.26' }),
  put(`${tags}/:tag`, server.addTag, 'os-server-tags:update', { since: '2.26' }),
  remove(`${tags}/:tag`, server.removeTag, 'os-server-tags:delete', { since: '2.26' }),
  get(volumes, listVolumes, 'os-volumes-attachments:index'),
  post(volumes, attachToServer, 'os-volumes-attachments:create'),
  get(`${volumes}/:volume`, showVolume, 'os-volumes-attachments:show'),
  put(`${volumes}/:volume`, changeVolume, 'os-volumes-attachments:update'),
  remove(`${volumes}/:volume`, detachFromServer, 'os-volumes-attachments:delete'),
  get(interfaces, listServerInterfaces, 'os-attach-interfaces:list'),
  post(interfaces, attachInterface, 'os-attach-interfaces:create'),
  get(`${interfaces}/:port`, showInterface, 'os-attach-interfaces:show'),
  remove(`${interfaces}/:port`, detachInterface, 'os-attach-interfaces:delete'),
  get(actions, listServerActions, 'os-instance-actions:list'),
  get(`${actions}/:request`, showServerAction, 'os-instance-actions:show'),
  post(`${v21}/os-server-external-events`, sendEvents, 'os-server-external-events:create'),
];

const groupRoutes: Route<Compute>[] = [
  get(`${v21}/os-security-groups`, listGroups, 'os-security-groups:get', { until: '2.35' }),
  get(`${v21}/os-security-groups/:id`, showGroup, 'os-security-groups:show', { until: '2.35' }),
];

const old = { until: '2.35' } as const;
const proxyRoutes: Route<Compute>[] = [
  get(`${v21}/images`, proxy.listImageNames, null, old),
  get(`${v21}/images/detail`, proxy.listImageDetails, null, old),
  get(`${v21}/images/:id`, proxy.showImage, null, old),
  remove(`${v21}/images/:id`, proxy.deleteImage, null, old),
  get(`${v21}/os-networks`, proxy.listNetworks, 'os-networks:list', old),
  get(`${v21}/os-networks/:id`, proxy.showNetwork, 'os-networks:show', old),
];

const serverGroups = `${v21}/os-server-groups`;
const serverGroupRoutes: Route<Compute>[] = [
  get(serverGroups, listServerGroups, 'os-server-groups:index'),
  post(serverGroups, createServerGroup, 'os-server-groups:create'),
  get(`${serverGroups}/:id`, showServerGroup, 'os-server-groups:show'),
  remove(`${serverGroups}/:id`, deleteServerGroup, 'os-server-groups:delete'),
];

const keypairRoutes: Route<Compute>[] = [
  get(keypairs, listOwnKeypairs, null),
  post(keypairs, createKeypair, null),
  get(`${keypairs}/:id`, showKeypair, null),
  remove(`${keypairs}/:id`, deleteKeypair, null),
];

const hostRoutes: Route<Compute>[] = [
  get(services, host.listAllServices, 'os-services:list'),
  put(`${services}/enable`, host.enableService, 'os-services:update', { until: '2.52' }),
  put(`${services}/disable`, host.disableService, 'os-services:update', { until: '2.52' }),
  put(`${services}/disable-log-reason`, host.disableServiceWithReason, 'os-services:update', { until: '2.52' }),
  put(`${services}/force-down`, host.forceServiceDown, 'os-services:update', { since: '2.11', until: '2.52' }),
  put(`${services}/:id`, host.updateService, 'os-services:update', { since: '2.53' }),
  remove(`${services}/:id`, host.deleteService, 'os-services:delete'),
  get(hypervisors, host.listHypervisors, 'os-hypervisors:list'),
  get(`${hypervisors}/detail`, host.listHypervisorDetails, 'os-hypervisors:list-detail'),
  get(`${hypervisors}/statistics`, host.hypervisorStatistics, 'os-hypervisors:statistics', { until: '2.87' }),
  get(`${hypervisors}/:id`, host.showHypervisor, 'os-hypervisors:show'),
  get(`${hypervisors}/:id/search`, host.searchHypervisors, 'os-hypervisors:search', { until: '2.52' }),
  get(`${hypervisors}/:id/servers`, host.hypervisorServers, 'os-hypervisors:servers', { until: '2.52' }),
  get(zones, host.listZones, 'os-availability-zone:list'),
  get(`${zones}/detail`, host.listZoneDetails, 'os-availability-zone:detail'),
  get(aggregates, listAllAggregates, 'os-aggregates:index'),
  post(aggregates, createAggregate, 'os-aggregates:create'),
  get(`${aggregates}/:id`, showAggregate, 'os-aggregates:show'),
  put(`${aggregates}/:id`, updateAggregate, 'os-aggregates:update'),
  remove(`${aggregates}/:id`, deleteAggregate, 'os-aggregates:delete'),
  post(`${aggregates}/:id/action`, addHost, 'os-aggregates:add_host', { action: 'add_host' }),
  post(`${aggregates}/:id/action`, removeHost, 'os-aggregates:remove_host', { action: 'remove_host' }),
  post(`${aggregates}/:id/action`, setAggregateMetadata, 'os-aggregates:set_metadata', { action: 'set_metadata' }),
];

const quotaRoutes: Route<Compute>[] = [
  get(`${v21}/limits`, quota.showLimits, 'limits'),
  get(quotas, quota.showQuota, null),
  put(quotas, quota.updateQuota, 'os-quota-sets:update'),
  remove(quotas, quota.deleteQuota, 'os-quota-sets:delete'),
  get(`${quotas}/defaults`, quota.showQuotaDefaults, 'os-quota-sets:defaults'),
  get(`${quotas}/detail`, quota.showQuotaDetail, null),
  get(classes, quota.showQuotaClass, 'os-quota-class-sets:show'),
  put(classes, quota.updateQuotaClass, 'os-quota-class-sets:update'),
  get(usages, listUsages, 'os-simple-tenant-usage:list'),
  get(`${usages}/:id`, showUsage, null),
];

export const routes: Route<Compute>[] = [
  ...versionRoutes,
  ...serverRoutes,
  ...actionRoutes,
  ...serverSubresources,
  ...flavorRoutes,
  ...groupRoutes,
  ...serverGroupRoutes,
  ...proxyRoutes,
  ...keypairRoutes,
  ...hostRoutes,
  ...quotaRoutes,
];
