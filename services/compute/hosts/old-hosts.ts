/** Nova's API os-hosts until 2.42: services by host, and what each project uses there. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import { zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { usedByProjectsOn } from '../usages/store.ts';
import { agentBinary, changeService, findHost, getServiceOf, listServices } from './store.ts';
import { zoneOfService } from './view.ts';

const missing = (name: string) => new Fault(404, 'notFound', `Compute host ${name} could not be found.`);

const listOldHosts: Handler<Compute> = async ({ db }, { query }) => {
  const zones = await zonesOf(db);
  const hosts = (await listServices(db, {})).map((service) => ({
    host_name: service.host,
    service: service.binary.replace(/^nova-/, ''),
    zone: zoneOfService(service, zones),
  }));
  const { zone } = query;
  return ok({ hosts: zone ? hosts.filter((host) => host.zone === zone) : hosts });
};

const showOldHost: Handler<Compute, unknown, 'id'> = async ({ db }, { params }) => {
  const host = await findHost(db, params.id);
  if (!host) throw missing(params.id);
  const used = await usedByProjectsOn(db, host.name);
  const row = (project: string, cpu: number, memory_mb: number, disk_gb: number) => ({
    resource: { host: host.name, project, cpu, memory_mb, disk_gb },
  });
  const sum = (value: (each: (typeof used)[number]) => number) => used.reduce((total, each) => total + value(each), 0);
  const { vcpus, ramMb, diskGb, usedRamMb, freeDiskGb } = host.report;
  const usedRows = [
    row(
      '(used_now)',
      sum((each) => each.vcpus),
      usedRamMb,
      Math.max(0, diskGb - freeDiskGb),
    ),
    row(
      '(used_max)',
      sum((each) => each.vcpus),
      sum((each) => each.ramMb),
      sum((each) => each.diskGb),
    ),
  ];
  const perProject = used.map((each) => row(each.projectId, each.vcpus, each.ramMb, each.diskGb));
  return ok({ host: [row('(total)', vcpus, ramMb, diskGb), ...usedRows, ...perProject] });
};

interface UpdateBody {
  readonly status?: string;
  readonly maintenance_mode?: string;
}

const updateOldHost: Handler<Compute, UpdateBody, 'id'> = async ({ db }, { params, body }) => {
  if (!(await findHost(db, params.id))) throw missing(params.id);
  if (body.maintenance_mode !== undefined) throw unsupported('maintenance mode');
  const status = body.status?.trim().toLowerCase();
  if (status !== 'enable' && status !== 'disable') throw badRequest(`Invalid status: '${body.status ?? ''}'`);
  const { id } = await getServiceOf(db, params.id, agentBinary);
  await changeService(db, id, { disabled: status === 'disable', disabledReason: null });
  return ok({ host: params.id, status: `${status}d` });
};

const unsupported = (what: string) =>
  new Fault(501, 'notImplemented', `Virt driver does not implement host ${what}: use the means of the machine.`);

const power =
  (what: string): Handler<Compute, unknown, 'id'> =>
  async ({ db }, { params }) => {
    if (!(await findHost(db, params.id))) throw missing(params.id);
    throw unsupported(what);
  };

const path = '/v2.1/os-hosts';
const one = `${path}/:id`;
const rule = 'os_compute_api:os-hosts';
const until = '2.42';

export const oldHostRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listOldHosts, rule: `${rule}:list`, until },
  { method: 'get', path: one, handler: showOldHost, rule: `${rule}:show`, until },
  { method: 'put', path: one, handler: updateOldHost, rule: `${rule}:update`, until },
  { method: 'get', path: `${one}/reboot`, handler: power('reboot'), rule: `${rule}:reboot`, until },
  { method: 'get', path: `${one}/shutdown`, handler: power('shutdown'), rule: `${rule}:shutdown`, until },
  { method: 'get', path: `${one}/startup`, handler: power('startup'), rule: `${rule}:start`, until },
];
