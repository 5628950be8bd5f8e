import { badRequest, conflict } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import { zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { isUp } from '../hosts/operations.ts';
import {
  agentBinary,
  changeService,
  findHost,
  getService,
  getServiceOf,
  listServices,
  removeService,
  type ServiceRow,
} from '../hosts/store.ts';
import { serviceView, zoneOfService } from '../hosts/view.ts';
import { usedOnHosts } from '../usages/store.ts';
import { unlessNone } from '../values.ts';

const listAllServices: Handler<Compute> = async ({ db, config }, { query, version }) => {
  const [binary, host] = [unlessNone(query.binary), unlessNone(query.host)];
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

const updateService: Handler<Compute, ServiceChange, 'id'> = async ({ db, config }, { params, body, version }) => {
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

const enableService = legacyUpdate(
  () => ({ disabled: false, disabledReason: null }),
  () => ({ status: 'enabled' }),
);
const disableService = legacyUpdate(
  () => ({ disabled: true, disabledReason: null }),
  () => ({ status: 'disabled' }),
);
const disableServiceWithReason = legacyUpdate(
  ({ disabled_reason = null }) => ({ disabled: true, disabledReason: disabled_reason }),
  ({ disabled_reason }) => ({ status: 'disabled', disabled_reason }),
);
const forceServiceDown = legacyUpdate(
  ({ forced_down = false }) => ({ forcedDown: forced_down }),
  ({ forced_down }) => ({ forced_down }),
);

const deleteService: Handler<Compute, never, 'id'> = async ({ db, placement, log }, { params }) => {
  const service = await getService(db, params.id);
  const host = await findHost(db, service.host);
  if (service.binary === agentBinary && (await usedOnHosts(db, [service.host])).has(service.host))
    throw conflict(
      'Unable to delete compute service that is hosting instances. Migrate or delete the instances first.',
    );
  await db.transaction((tx) => removeService(tx, service));
  if (host)
    await placement
      .removeProvider(host.id)
      .catch((error) => log.warn({ error }, 'could not remove a resource provider from placement'));
  return noContent();
};

const path = '/v2.1/os-services';
const rule = 'os_compute_api:os-services';
const update = { method: 'put', rule: `${rule}:update` } as const;

export const serviceRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listAllServices, rule: `${rule}:list` },
  { ...update, path: `${path}/enable`, handler: enableService, until: '2.52' },
  { ...update, path: `${path}/disable`, handler: disableService, until: '2.52' },
  { ...update, path: `${path}/disable-log-reason`, handler: disableServiceWithReason, until: '2.52' },
  { ...update, path: `${path}/force-down`, handler: forceServiceDown, since: '2.11', until: '2.52' },
  { ...update, path: `${path}/:id`, handler: updateService, since: '2.53' },
  { method: 'delete', path: `${path}/:id`, handler: deleteService, rule: `${rule}:delete` },
];
