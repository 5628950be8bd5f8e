import { badRequest, conflict } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import { zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { isUp } from '../hosts/states.ts';
import {
  agentBinary,
  changeService,
  findHost,
  getService,
  getServiceOf,
  listServices,
  removeService,
} from '../hosts/store.ts';
import { serviceView, zoneOfService } from '../hosts/view.ts';
import { usedOnHosts } from '../usages/store.ts';
import { unlessNone } from '../values.ts';

const listAllServices: Handler<Compute> = async (compute, { query, version }) => {
  const { db } = compute;
  const [binary, host] = [unlessNone(query.binary), unlessNone(query.host)];
  const filter = { ...(binary ? { binary } : {}), ...(host ? { host } : {}) };
  const [services, zones] = [await listServices(db, filter), await zonesOf(db)];
  return ok({
    services: services.map((each) => serviceView(each, zoneOfService(each, zones), isUp(compute, each), version)),
  });
};

interface ServiceChange {
  readonly status?: 'enabled' | 'disabled' | undefined;
  readonly disabled_reason?: string;
  readonly forced_down?: boolean;
}

const changeOf = ({ status, disabled_reason, forced_down: forcedDown }: ServiceChange) => ({
  ...(status === undefined ? {} : { disabled: status === 'disabled', disabledReason: disabled_reason ?? null }),
  ...(forcedDown === undefined ? {} : { forcedDown }),
});

const updateService: Handler<Compute, ServiceChange, 'id'> = async (compute, { params, body, version }) => {
  const { db } = compute;
  const service = await getService(db, params.id);
  if (service.binary !== agentBinary)
    throw badRequest(
      `Updating a ${service.binary} service is not supported. Only nova-compute services can be updated.`,
    );
  if (body.disabled_reason !== undefined && body.status !== 'disabled')
    throw badRequest("Specifying disabled_reason requires that status is 'disabled'.");
  if (body.status === undefined && body.forced_down === undefined) throw badRequest('No updates were requested.');
  const change = changeOf(body);
  await changeService(db, service.id, change);
  const now = { ...service, ...change };
  const zone = zoneOfService(now, await zonesOf(db));
  return ok({ service: serviceView(now, zone, isUp(compute, now), version) });
};

type LegacyChange = ServiceChange & { readonly host: string; readonly binary: string };

/** The paths before 2.53: each stands for a part of the change. */
const legacyUpdate =
  (part: ServiceChange): Handler<Compute, LegacyChange> =>
  async ({ db }, { body: { host, binary, ...sent } }) => {
    const { id } = await getServiceOf(db, host, binary);
    const change = { ...part, ...sent };
    await changeService(db, id, changeOf(change));
    return ok({ service: { host, binary, ...change } });
  };

const deleteService: Handler<Compute, unknown, 'id'> = async ({ db, placement, log }, { params }) => {
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
  { ...update, path: `${path}/enable`, handler: legacyUpdate({ status: 'enabled' }), until: '2.52' },
  { ...update, path: `${path}/disable`, handler: legacyUpdate({ status: 'disabled' }), until: '2.52' },
  { ...update, path: `${path}/disable-log-reason`, handler: legacyUpdate({ status: 'disabled' }), until: '2.52' },
  {
    ...update,
    path: `${path}/force-down`,
    handler: legacyUpdate({ forced_down: false }),
    since: '2.11',
    until: '2.52',
  },
  { ...update, path: `${path}/:id`, handler: updateService, since: '2.53' },
  { method: 'delete', path: `${path}/:id`, handler: deleteService, rule: `${rule}:delete` },
];
