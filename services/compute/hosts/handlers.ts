import { atLeast, type Version } from '#shared/api/versions.ts';
import { NoAnswer } from '#shared/bus/bus.ts';
import { type ComputeCalls, callAddress } from '#shared/contracts/compute-agent.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { listServersOnHosts, usedOnHosts } from '../usages/store.ts';
import { limitOf } from '../values.ts';
import { isUp } from './states.ts';
import { agentBinary, getHost, type Host, listHostPage, listHosts, listServices } from './store.ts';
import { briefHostView, type HostViewInput, hostView, sumView } from './view.ts';

/** Services, usage and servers of these hosts. */
async function viewInputs(compute: Compute, hosts: readonly Host[], withServers = false): Promise<HostViewInput[]> {
  const { db } = compute;
  const names = hosts.map(({ name }) => name);
  const services = new Map((await listServices(db, { binary: agentBinary }, names)).map((each) => [each.host, each]));
  const used = await usedOnHosts(db, names);
  const servers = withServers ? Map.groupBy(await listServersOnHosts(db, names), ({ host }) => host) : undefined;
  return hosts.map((host) => {
    const service = services.get(host.name);
    return {
      host,
      service,
      up: service !== undefined && isUp(compute, service),
      used: used.get(host.name) ?? { vcpus: 0, ramMb: 0, count: 0 },
      ...(servers ? { servers: servers.get(host.name) ?? [] } : {}),
    };
  });
}

/** Null when the host does not answer. */
async function uptimeOf({ bus }: Compute, { host: { name }, up }: HostViewInput): Promise<string | null> {
  if (!up) return null;
  return bus.call<ComputeCalls['uptime']['reply']>(callAddress(name, 'uptime'), null).then(
    ({ text }) => text,
    (error: unknown) => {
      if (error instanceof NoAnswer) return null;
      throw error;
    },
  );
}

/** With the uptime of each host, from 2.88 on. */
const withUptimes = (compute: Compute, inputs: readonly HostViewInput[], version: Version): Promise<HostViewInput[]> =>
  Promise.all(
    inputs.map(async (input) =>
      atLeast(version, '2.88') ? { ...input, uptime: await uptimeOf(compute, input) } : input,
    ),
  );

type View = (input: HostViewInput, version: Version) => object;

/** Pattern and servers are query parameters from 2.53 on; pages exist from 2.33 on, but not of a pattern. */
const list =
  (view: View): Handler<Compute> =>
  async (compute, call) => {
    const { query, version } = call;
    const modern = atLeast(version, '2.53');
    const pattern = modern ? query.hypervisor_hostname_pattern : undefined;
    const paged = atLeast(version, '2.33') && pattern === undefined;
    const limit = limitOf(paged ? query.limit : undefined);
    const hosts = paged
      ? await listHostPage(compute.db, { limit, marker: query.marker, key: modern ? 'id' : 'sequence' })
      : await hostsMatching(compute, pattern);
    const found = await viewInputs(compute, hosts, modern && asksServers(call));
    const inputs = view === hostView ? await withUptimes(compute, found, version) : found;
    const ids = hosts.map(({ id, sequence }) => String(modern ? id : sequence));
    const links = paged ? call.page('hypervisors', ids, limit) : {};
    return ok({ hypervisors: inputs.map((each) => view(each, version)), ...links });
  };

const asksServers = ({ query }: Pick<Call, 'query'>) => query.with_servers?.toLowerCase() === 'true';

async function hostsMatching({ db }: Compute, pattern: string | undefined): Promise<Host[]> {
  const found = await listHosts(db, pattern);
  if (pattern !== undefined && found.length === 0)
    throw new Fault(404, 'notFound', `No hypervisor matching '${pattern}' could be found.`);
  return found;
}

const show: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const host = await getHost(compute.db, call.params.id);
  const found = await viewInputs(compute, [host], atLeast(call.version, '2.53') && asksServers(call));
  const [input] = await withUptimes(compute, found, call.version);
  return ok({ hypervisor: input && hostView(input, call.version) });
};

const showUptime: Handler<Compute, unknown, 'id'> = async (compute, { params, version }) => {
  const host = await getHost(compute.db, params.id);
  const [input] = await viewInputs(compute, [host]);
  const uptime = input ? await uptimeOf(compute, input) : null;
  if (!input || uptime === null) throw badRequest(`Compute service of ${host.name} is unavailable at this time.`);
  return ok({ hypervisor: { ...briefHostView(input, version), uptime } });
};

const statistics: Handler<Compute> = async (compute) =>
  ok({ hypervisor_statistics: sumView(await viewInputs(compute, await listHosts(compute.db))) });

const search =
  (withServers: boolean): Handler<Compute, unknown, 'id'> =>
  async (compute, { params, version }) => {
    const inputs = await viewInputs(compute, await hostsMatching(compute, params.id), withServers);
    return ok({ hypervisors: inputs.map((each) => briefHostView(each, version)) });
  };

const path = '/v2.1/os-hypervisors';
const one = `${path}/:id`;
const rule = 'os_compute_api:os-hypervisors';

export const hypervisorRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: list(briefHostView), rule: `${rule}:list` },
  { method: 'get', path: `${path}/detail`, handler: list(hostView), rule: `${rule}:list-detail` },
  { method: 'get', path: `${path}/statistics`, handler: statistics, rule: `${rule}:statistics`, until: '2.87' },
  { method: 'get', path: one, handler: show, rule: `${rule}:show` },
  { method: 'get', path: `${one}/uptime`, handler: showUptime, rule: `${rule}:uptime`, until: '2.87' },
  { method: 'get', path: `${one}/search`, handler: search(false), rule: `${rule}:search`, until: '2.52' },
  { method: 'get', path: `${one}/servers`, handler: search(true), rule: `${rule}:servers`, until: '2.52' },
];
