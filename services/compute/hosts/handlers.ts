import { atLeast, type Version } from '#shared/api/versions.ts';
import { Fault } from '#shared/errors/fault.ts';
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
    const inputs = await viewInputs(compute, hosts, modern && asksServers(call));
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
  const [input] = await viewInputs(compute, [host], atLeast(call.version, '2.53') && asksServers(call));
  return ok({ hypervisor: input && hostView(input, call.version) });
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
  { method: 'get', path: `${one}/search`, handler: search(false), rule: `${rule}:search`, until: '2.52' },
  { method: 'get', path: `${one}/servers`, handler: search(true), rule: `${rule}:servers`, until: '2.52' },
];
