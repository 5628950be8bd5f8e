import { longTime } from '#shared/api/times.ts';
import { atLeast } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { defaultZone, zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { limitOf } from '../listings/query.ts';
import { listServersOnHosts, usedOnHosts } from '../usages/store.ts';
import { isUp } from './operations.ts';
import {
  agentBinary,
  changeService,
  getHost,
  getService,
  getServiceOf,
  type Host,
  listHosts,
  listServices,
  removeService,
  type ServiceRow,
} from './store.ts';
import { briefHostView, type HostViewInput, hostView, serviceView, sumView, zoneOfService } from './view.ts';

const given = (value: string | undefined) => (value === undefined || value === 'None' ? undefined : value);

export const listAllServices: Handler<Compute> = async ({ db, config }, { query, version }) => {
  const [binary, host] = [given(query.binary), given(query.host)];
  const filter = { ...(binary ? { binary } : {}), ...(host ? { host } : {}) };
  const [services, zones] = [await listServices(db, filter), await zonesOf(db)];
  return ok({
    services: services.map((each) =>
      serviceView(each, zoneOfService(each, zones), isUp(each, config.hostDownMs), version),
    ),
  });
};

interface ServiceChange {
  readonly status?: 'enabled' | 'disabled';
  readonly disabled_reason?: string;
  readonly forced_down?: boolean;
}

export const updateService: Handler<Compute, ServiceChange, 'id'> = async (
  { db, config },
  { params, body, version },
) => {
  const service = await getService(db, params.id);
  if (service.binary !== agentBinary)
    throw badRequest(
      `Updating a ${service.binary} service is not supported. Only nova-compute services can be updated.`,
    );
  if (body.disabled_reason !== undefined && body.status !== 'disabled')
    throw badRequest("Specifying disabled_reason requires that status is 'disabled'.");
  if (body.status === undefined && body.forced_down === undefined) throw badRequest('No updates were requested.');
  const change = {
    ...(body.status === undefined
      ? {}
      : { disabled: body.status === 'disabled', disabledReason: body.disabled_reason ?? null }),
    ...(body.forced_down === undefined ? {} : { forcedDown: body.forced_down }),
  };
  await changeService(db, service.id, change);
  const now = { ...service, ...change };
  const zone = zoneOfService(now, await zonesOf(db));
  return ok({ service: serviceView(now, zone, isUp(now, config.hostDownMs), version) });
};

interface LegacyServiceChange {
  readonly host: string;
  readonly binary: string;
  readonly disabled_reason?: string;
  readonly forced_down?: boolean;
}

/** The paths before 2.53. */
const legacyUpdate =
  (
    change: (body: LegacyServiceChange) => Partial<ServiceRow>,
    view: (body: LegacyServiceChange) => object,
  ): Handler<Compute, LegacyServiceChange> =>
  async ({ db }, { body }) => {
    const service = await getServiceOf(db, body.host, body.binary);
    await changeService(db, service.id, change(body));
    return ok({ service: { host: body.host, binary: body.binary, ...view(body) } });
  };

export const enableService = legacyUpdate(
  () => ({ disabled: false, disabledReason: null }),
  () => ({ status: 'enabled' }),
);
export const disableService = legacyUpdate(
  () => ({ disabled: true, disabledReason: null }),
  () => ({ status: 'disabled' }),
);
export const disableServiceWithReason = legacyUpdate(
  ({ disabled_reason = null }) => ({ disabled: true, disabledReason: disabled_reason }),
  ({ disabled_reason }) => ({ status: 'disabled', disabled_reason }),
);
export const forceServiceDown = legacyUpdate(
  ({ forced_down = false }) => ({ forcedDown: forced_down }),
  ({ forced_down }) => ({ forced_down }),
);

export const deleteService: Handler<Compute, unknown, 'id'> = async ({ db, placement, log }, { params }) => {
  const service = await getService(db, params.id);
  const host = (await listHosts(db)).find(({ name }) => name === service.host);
  if (service.binary === agentBinary && (await usedOnHosts(db)).has(service.host))
    throw new Fault(
      409,
      'conflict',
      'Unable to delete compute service that is hosting instances. Migrate or delete the instances first.',
    );
  await db.transaction((tx) => removeService(tx, service));
  if (host)
    await placement
      .removeProvider(host.id)
      .catch((error) => log.warn({ error }, 'could not remove a resource provider from placement'));
  return gone();
};

async function hostInputs({ db, config }: Compute, withServers: boolean): Promise<HostViewInput[]> {
  const [hosts, services, used] = [
    await listHosts(db),
    await listServices(db, { binary: agentBinary }),
    await usedOnHosts(db),
  ];
  const servers = withServers ? Map.groupBy(await listServersOnHosts(db), ({ host }) => host) : undefined;
  return hosts.map((host) => {
    const service = services.find((each) => each.host === host.name);
    return {
      host,
      service,
      up: service !== undefined && isUp(service, config.hostDownMs),
      used: used.get(host.name) ?? { vcpus: 0, ramMb: 0, count: 0 },
      ...(servers ? { servers: servers.get(host.name) ?? [] } : {}),
    };
  });
}

/** Pattern and servers are query parameters from 2.53 on; pages exist from 2.33 on. */
async function hypervisorPage(compute: Compute, call: Call) {
  const { query, version } = call;
  const modern = atLeast(version, '2.53');
  const pattern = modern ? query.hypervisor_hostname_pattern : undefined;
  const all = await hostInputs(compute, modern && query.with_servers?.toLowerCase() === 'true');
  const matching = pattern === undefined ? all : all.filter(({ host }) => host.name.includes(pattern));
  if (pattern !== undefined && matching.length === 0)
    throw new Fault(404, 'notFound', `No hypervisor matching '${pattern}' could be found.`);
  if (!atLeast(version, '2.33') || pattern !== undefined) return { hosts: matching, links: {} };
  const limit = limitOf(query.limit);
  const idOf = ({ host }: HostViewInput) => String(modern ? host.id : host.sequence);
  const at = query.marker === undefined ? -1 : matching.findIndex((each) => idOf(each) === query.marker);
  if (query.marker !== undefined && at < 0) throw badRequest(`marker [${query.marker}] not found`);
  const hosts = matching.slice(at + 1, at + 1 + limit);
  return { hosts, links: call.page('hypervisors', hosts.map(idOf), limit) };
}

export const listHypervisors: Handler<Compute> = async (compute, call) => {
  const { hosts, links } = await hypervisorPage(compute, call);
  return ok({ hypervisors: hosts.map((each) => briefHostView(each, call.version)), ...links });
};

export const listHypervisorDetails: Handler<Compute> = async (compute, call) => {
  const { hosts, links } = await hypervisorPage(compute, call);
  return ok({ hypervisors: hosts.map((each) => hostView(each, call.version)), ...links });
};

async function hostInput(compute: Compute, host: Host, withServers: boolean): Promise<HostViewInput> {
  const input = (await hostInputs(compute, withServers)).find((each) => each.host.id === host.id);
  if (!input) throw new Fault(404, 'notFound', `Hypervisor with ID '${host.id}' could not be found.`);
  return input;
}

export const showHypervisor: Handler<Compute, unknown, 'id'> = async (compute, { params, query, version }) => {
  const withServers = atLeast(version, '2.53') && query.with_servers?.toLowerCase() === 'true';
  const input = await hostInput(compute, await getHost(compute.db, params.id), withServers);
  return ok({ hypervisor: hostView(input, version) });
};

export const hypervisorStatistics: Handler<Compute> = async (compute) =>
  ok({ hypervisor_statistics: sumView(await hostInputs(compute, false)) });

const hostsByPattern = async (compute: Compute, pattern: string, withServers: boolean) => {
  const found = (await hostInputs(compute, withServers)).filter(({ host }) => host.name.includes(pattern));
  if (found.length === 0) throw new Fault(404, 'notFound', `No hypervisor matching '${pattern}' could be found.`);
  return found;
};

export const searchHypervisors: Handler<Compute, unknown, 'id'> = async (compute, { params, version }) =>
  ok({
    hypervisors: (await hostsByPattern(compute, params.id, false)).map((each) => briefHostView(each, version)),
  });

export const hypervisorServers: Handler<Compute, unknown, 'id'> = async (compute, { params, version }) =>
  ok({
    hypervisors: (await hostsByPattern(compute, params.id, true)).map((each) => briefHostView(each, version)),
  });

interface Zone {
  readonly zoneName: string;
  readonly zoneState: { readonly available: boolean };
  readonly hosts: Record<string, Record<string, unknown>> | null;
}

/** `internal` is the zone of this service itself; it is in the detailed list only. */
async function zoneViews({ db, config }: Compute, detail: boolean): Promise<Zone[]> {
  const [services, zones] = [await listServices(db), await zonesOf(db)];
  const byZone = Map.groupBy(services, (service) => zoneOfService(service, zones));
  if (!byZone.has(defaultZone)) byZone.set(defaultZone, []);
  return [...byZone.entries()]
    .filter(([zone]) => detail || zone !== 'internal')
    .map(([zoneName, found]) => ({
      zoneName,
      zoneState: { available: found.some(({ disabled }) => !disabled) },
      hosts: detail ? hostsOfZone(found, config.hostDownMs) : null,
    }));
}

function hostsOfZone(services: readonly ServiceRow[], downAfterMs: number): Record<string, Record<string, unknown>> {
  const hosts: Record<string, Record<string, unknown>> = {};
  for (const service of services) {
    hosts[service.host] ??= {};
    const at = hosts[service.host] as Record<string, unknown>;
    at[service.binary] = {
      available: isUp(service, downAfterMs),
      active: !service.disabled,
      updated_at: longTime(service.reportedAt),
    };
  }
  return hosts;
}

export const listZones: Handler<Compute> = async (compute) =>
  ok({ availabilityZoneInfo: await zoneViews(compute, false) });
export const listZoneDetails: Handler<Compute> = async (compute) =>
  ok({ availabilityZoneInfo: await zoneViews(compute, true) });
