import type { Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { listServerDetails, listServerNames } from '../listings/handlers.ts';
import { serverActions } from './actions/all.ts';
import { createServer, deleteServer, listAddresses, showAddresses, showServer, updateServer } from './handlers.ts';
import { serverMetadata } from './metadata.ts';
import { serverTags } from './tags.ts';

const path = '/v2.1/servers';
const one = `${path}/:id`;
const rule = 'os_compute_api:servers';

export const serverRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listServerNames, rule: `${rule}:index` },
  { method: 'post', path, handler: createServer, rule: `${rule}:create` },
  { method: 'get', path: `${path}/detail`, handler: listServerDetails, rule: `${rule}:detail` },
  { method: 'get', path: one, handler: showServer, rule: `${rule}:show` },
  { method: 'put', path: one, handler: updateServer, rule: `${rule}:update` },
  { method: 'delete', path: one, handler: deleteServer, rule: `${rule}:delete` },
  { method: 'get', path: `${one}/ips`, handler: listAddresses, rule: 'os_compute_api:ips:index' },
  { method: 'get', path: `${one}/ips/:label`, handler: showAddresses, rule: 'os_compute_api:ips:show' },
  ...serverActions.map(({ route }) => route),
  ...serverMetadata,
  ...serverTags,
];
