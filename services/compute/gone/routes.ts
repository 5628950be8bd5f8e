/** The APIs that Nova has removed and still answers, for anybody with a token, and those of a bare metal service. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { anyToken, type Handler, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { gone } from './fault.ts';

type Method = 'get' | 'post' | 'put' | 'delete';

const answerGone: Handler<Compute> = async () => {
  throw gone();
};

/** Path below /v2.1 to its methods. */
export const removed: Readonly<Record<string, readonly Method[]>> = {
  'os-agents': ['get', 'post'],
  'os-agents/:id': ['put', 'delete'],
  'os-cells': ['get', 'post'],
  'os-cells/capacities': ['get'],
  'os-cells/detail': ['get'],
  'os-cells/info': ['get'],
  'os-cells/sync_instances': ['post'],
  'os-cells/:id': ['get', 'put', 'delete'],
  'os-cells/:id/capacities': ['get'],
  'os-certificates': ['post'],
  'os-certificates/:id': ['get'],
  'os-cloudpipe': ['get', 'post'],
  'os-cloudpipe/:id': ['put'],
  'os-fixed-ips/:id': ['get'],
  'os-fixed-ips/:id/action': ['post'],
  'os-floating-ip-dns': ['get'],
  'os-floating-ip-dns/:id': ['put', 'delete'],
  'os-floating-ip-dns/:id/entries/:entry': ['get', 'put', 'delete'],
  'os-floating-ips-bulk': ['get', 'post'],
  'os-floating-ips-bulk/:id': ['get', 'put'],
  'os-fping': ['get'],
  'os-fping/:id': ['get'],
  'os-networks': ['post'],
  'os-networks/add': ['post'],
  'os-networks/:id': ['delete'],
  'os-networks/:id/action': ['post'],
  'os-security-group-default-rules': ['get', 'post'],
  'os-security-group-default-rules/:id': ['get', 'delete'],
  'os-tenant-networks': ['post'],
  'os-tenant-networks/:id': ['delete'],
  'servers/:id/consoles': ['get', 'post'],
  'servers/:id/consoles/:console': ['get', 'delete'],
  'servers/:id/os-virtual-interfaces': ['get'],
};

const noBareMetal: Handler<Compute> = async () => {
  throw new Fault(501, 'notImplemented', 'This cloud has no bare metal service (ironic), so there are no nodes.');
};

const onlyIronic: Handler<Compute> = async () => {
  throw badRequest(
    'Bare metal nodes are changed by the API of the bare metal service (ironic), which this cloud lacks.',
  );
};

const nodes = '/v2.1/os-baremetal-nodes';
const until = '2.35';
const rule = 'os_compute_api:os-baremetal-nodes';

export const goneRoutes: Route<Compute>[] = [
  ...Object.entries(removed).flatMap(([path, methods]) =>
    methods.map((method) => ({ method, path: `/v2.1/${path}`, handler: answerGone, rule: anyToken })),
  ),
  { method: 'get', path: nodes, handler: noBareMetal, rule: `${rule}:list`, until },
  { method: 'get', path: `${nodes}/:id`, handler: noBareMetal, rule: `${rule}:show`, until },
  { method: 'post', path: nodes, handler: onlyIronic, rule: anyToken, until },
  { method: 'delete', path: `${nodes}/:id`, handler: onlyIronic, rule: anyToken, until },
  { method: 'post', path: `${nodes}/:id/action`, handler: onlyIronic, rule: anyToken, until },
];
