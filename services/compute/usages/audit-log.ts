/** Nova's usage audit log: which hosts have written the periodic usage of a month. Nothing writes it here, as in a default Nova. */
import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { agentBinary, listServices } from '../hosts/store.ts';

/** The whole month before a time, as Nova's default `instance_usage_audit_period`. */
function monthBefore(time: Date): readonly [begin: Date, end: Date] {
  const end = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 1));
  return [new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, 1)), end];
}

const textOf = (time: Date) => time.toISOString().slice(0, 19).replace('T', ' ');

async function logOf({ db }: Compute, before: Date) {
  const hosts = (await listServices(db, { binary: agentBinary })).map(({ host }) => host);
  const [begin, end] = monthBefore(before);
  return {
    period_beginning: textOf(begin),
    period_ending: textOf(end),
    hosts_not_run: hosts,
    log: {},
    num_hosts: hosts.length,
    num_hosts_done: 0,
    num_hosts_not_run: hosts.length,
    num_hosts_running: 0,
    overall_status: `0 of ${hosts.length} hosts done. 0 errors.`,
    total_errors: 0,
    total_instances: 0,
  };
}

const listAuditLog: Handler<Compute> = async (compute) =>
  ok({ instance_usage_audit_logs: await logOf(compute, new Date()) });

const showAuditLog: Handler<Compute, unknown, 'id'> = async (compute, { params }) => {
  const match = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(\.\d+)?$/.exec(params.id);
  const before = new Date(match ? `${params.id.replace(' ', 'T')}Z` : Number.NaN);
  if (Number.isNaN(before.getTime())) throw badRequest(`Invalid timestamp for date ${params.id}`);
  return ok({ instance_usage_audit_log: await logOf(compute, before) });
};

const path = '/v2.1/os-instance_usage_audit_log';
const rule = 'os_compute_api:os-instance-usage-audit-log';

export const auditLogRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listAuditLog, rule: `${rule}:list` },
  { method: 'get', path: `${path}/:id`, handler: showAuditLog, rule: `${rule}:show` },
];
