import { longTime, timeOf } from '#shared/api/times.ts';
import { atLeast } from '#shared/api/versions.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { type Call, checkedInHandler, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import type { Server } from '../servers/store.ts';
import { limitOf } from '../values.ts';
import { listServersBetween } from './store.ts';

interface Span {
  readonly start: number;
  readonly end: number;
  /** The earlier of now and the end. */
  readonly stop: number;
}

const weekMs = 28 * 24 * 3_600_000;

function spanOf({ query }: Call): Span {
  const now = Date.now();
  const time = (name: string, text: string | undefined, fallback: number) => {
    if (text === undefined) return fallback;
    const ms = timeOf(text);
    if (ms === undefined) throw badRequest(`Invalid datetime string: Datetime is in invalid format: ${name}=${text}`);
    return ms;
  };
  const start = time('start', query.start, now - weekMs);
  const end = time('end', query.end, now);
  if (start >= end) throw badRequest('Invalid start time. The start time cannot occur after the end time.');
  return { start, end, stop: Math.min(now, end) };
}

const hourMs = 3_600_000;

function usageOf(server: Server, { start, stop }: Span) {
  const began = Number(server.launchedAt);
  const ended = server.terminatedAt === null ? null : Number(server.terminatedAt);
  const hours = Math.max(0, Math.min(ended ?? stop, stop) - Math.max(began, start)) / hourMs;
  return {
    hours,
    flavor: server.flavor.name,
    instance_id: server.id,
    name: server.name,
    tenant_id: server.projectId,
    memory_mb: server.ramMb,
    local_gb: server.flavor.diskGb + server.flavor.ephemeralGb,
    vcpus: server.vcpus,
    started_at: longTime(began),
    ended_at: longTime(ended),
    state: server.deletedAt !== null ? 'terminated' : server.vmState,
    uptime: Math.floor(((ended ?? stop) - began) / 1000),
  };
}

type Usage = ReturnType<typeof usageOf>;

const totalsOf = (usages: readonly Usage[], span: Span) => {
  const sum = (of: (usage: Usage) => number) => usages.reduce((total, usage) => total + usage.hours * of(usage), 0);
  return {
    total_local_gb_usage: sum(({ local_gb }) => local_gb),
    total_vcpus_usage: sum(({ vcpus }) => vcpus),
    total_memory_mb_usage: sum(({ memory_mb }) => memory_mb),
    total_hours: sum(() => 1),
    start: longTime(span.start),
    stop: longTime(span.stop),
  };
};

/** From 2.40 on usages are paged by server. */
async function usagesOf({ db }: Compute, call: Call, collection: string, projectId?: string) {
  const span = spanOf(call);
  const paged = atLeast(call.version, '2.40');
  const limit = paged ? limitOf(call.query.limit) : Number.MAX_SAFE_INTEGER;
  const page = { limit, marker: paged ? call.query.marker : undefined };
  const servers = await listServersBetween(db, { ...span, ...page, ...(projectId === undefined ? {} : { projectId }) });
  const ids = servers.map(({ id }) => id);
  const links = paged ? call.page(collection, ids, limit) : {};
  return { span, usages: servers.map((server) => usageOf(server, span)), links };
}

const showUsage: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const { id } = call.params;
  call.authorize('os_compute_api:os-simple-tenant-usage:show', { project_id: id });
  const { span, usages, links } = await usagesOf(compute, call, 'tenant_usage', id);
  const usage = usages.length === 0 ? {} : { tenant_id: id, server_usages: usages, ...totalsOf(usages, span) };
  return ok({ tenant_usage: usage, ...links });
};

const listUsages: Handler<Compute> = async (compute, call) => {
  if (/\/(\?|$)/.test(call.url)) throw notFound('Resource', call.url); // a project without a name
  const { span, usages, links } = await usagesOf(compute, call, 'tenant_usages');
  const byProject = [...Map.groupBy(usages, ({ tenant_id }) => tenant_id)];
  const views = byProject.map(([tenant_id, each]) => ({
    tenant_id,
    ...totalsOf(each, span),
    ...(call.query.detailed === '1' ? { server_usages: each } : {}),
  }));
  return ok({ tenant_usages: views, ...links });
};

const path = '/v2.1/os-simple-tenant-usage';

export const usageRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listUsages, rule: 'os_compute_api:os-simple-tenant-usage:list' },
  {
    method: 'get',
    path: `${path}/:id`,
    handler: showUsage,
    rule: checkedInHandler('os_compute_api:os-simple-tenant-usage:show'),
  },
];
