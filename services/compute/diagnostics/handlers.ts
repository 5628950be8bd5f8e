/** Diagnostics, topology and the password that a guest has sent. */
import { atLeast } from '#shared/api/versions.ts';
import { conflict } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { findHost } from '../hosts/store.ts';
import { serverOf, unlockedServer } from '../servers/find.ts';
import { changeServer } from '../servers/store.ts';
import { callHost } from './operations.ts';
import { freeView, standardView } from './view.ts';

const showDiagnostics: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const server = await serverOf(compute, call);
  if (server.powerState !== 'running' && server.powerState !== 'paused')
    throw conflict(
      `Cannot 'get_diagnostics' instance ${server.id} while it is in power_state ${server.powerState ?? 'pending'}`,
    );
  const found = await callHost(compute, server, 'diagnostics', { id: server.id });
  if (!atLeast(call.version, '2.48')) return ok(freeView({ server, found, hypervisor: '' }));
  const host = await findHost(compute.db, server.host ?? '');
  return ok(standardView({ server, found, hypervisor: (host?.report.hypervisor.type ?? 'qemu').toLowerCase() }));
};

/** No guest has NUMA cells of its own. */
const showTopology: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  await serverOf(compute, call);
  return ok({ nodes: [], pagesize_kb: null });
};

const showPassword: Handler<Compute, unknown, 'id'> = async (compute, call) =>
  ok({ password: (await serverOf(compute, call)).password ?? '' });

const clearPassword: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const { id } = await unlockedServer(compute, call);
  await changeServer(compute.db, id, { password: null });
  return noContent();
};

const path = '/v2.1/servers/:id';
const password = 'os_compute_api:os-server-password';

export const diagnosticsRoutes: Route<Compute>[] = [
  {
    method: 'get',
    path: `${path}/diagnostics`,
    handler: showDiagnostics,
    rule: 'os_compute_api:os-server-diagnostics',
  },
  {
    method: 'get',
    path: `${path}/topology`,
    handler: showTopology,
    rule: 'compute:server:topology:index',
    since: '2.78',
  },
  { method: 'get', path: `${path}/os-server-password`, handler: showPassword, rule: `${password}:show` },
  { method: 'delete', path: `${path}/os-server-password`, handler: clearPassword, rule: `${password}:clear` },
];
