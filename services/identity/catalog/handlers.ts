import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { associations } from '../catalog-policies/store.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { forgetEndpoint } from '../endpoint-filter/store.ts';
import { extraOf, newId } from '../projects/operations.ts';
import {
  type Endpoint,
  ensureRegion,
  getEntry,
  insertEntry,
  listEntries,
  removeEndpointsOf,
  removeEntry,
  updateEntry,
} from './store.ts';
import { endpointView, regionView, serviceView } from './view.ts';

type Input = Readonly<Record<string, unknown>>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const regionFields = new Set(['id', 'description', 'parent_region_id', 'links']);
const serviceFields = new Set(['id', 'type', 'enabled', 'links']);
const endpointFields = new Set(['id', 'interface', 'region_id', 'region', 'service_id', 'url', 'enabled', 'links']);

export const listRegions: Handler<Identity> = async ({ db }, call) =>
  ok(
    collection(
      call,
      'regions',
      (await listEntries(db, 'regions', call.queries)).map((each) => regionView(each, call.base)),
    ),
  );

export const showRegion: Handler<Identity, unknown, 'id'> = async ({ db }, { params, base }) =>
  ok({ region: regionView(await getEntry(db, 'regions', params.id), base) });

export const createRegion: Handler<Identity, { region: Input }> = async (
  { db },
  { body: { region: input }, params, base },
) => {
  const id = params.id ?? (text(input.id) || newId());
  if (input.id !== undefined && input.id !== null && params.id !== undefined && input.id !== params.id)
    throw badRequest('The region in the body and the one in the path are not the same.');
  const parentId = text(input.parent_region_id) || null;
  if (parentId !== null) await getEntry(db, 'regions', parentId);
  if ((await listEntries(db, 'regions', {})).some((each) => each.id === id))
    throw conflict(`Conflict occurred attempting to store region - Duplicate ID, ${id}.`);
  const region = { id, parentId, description: text(input.description), extra: extraOf(input, regionFields) };
  await insertEntry(db, 'regions', region);
  return created({ region: regionView(region, base) });
};

export const updateRegion: Handler<Identity, { region: Input }, 'id'> = async (
  { db },
  { body: { region: input }, params, base },
) => {
  const region = await getEntry(db, 'regions', params.id);
  const changed = {
    ...region,
    ...('description' in input ? { description: text(input.description) } : {}),
    ...('parent_region_id' in input ? { parentId: text(input.parent_region_id) || null } : {}),
    extra: { ...region.extra, ...extraOf(input, regionFields) },
  };
  await updateEntry(db, 'regions', region.id, changed);
  return ok({ region: regionView(changed, base) });
};

export const deleteRegion: Handler<Identity, unknown, 'id'> = async ({ db }, { params }) => {
  const { id } = await getEntry(db, 'regions', params.id);
  if ((await listEntries(db, 'regions', { parent_region_id: [id] })).length > 0)
    throw forbidden(`Unable to delete region ${id} because it or its child regions have associated endpoints.`);
  if ((await listEntries(db, 'endpoints', { region_id: [id] })).length > 0)
    throw forbidden(`Unable to delete region ${id} because it or its child regions have associated endpoints.`);
  await removeEntry(db, 'regions', id);
  return gone();
};

export const listServices: Handler<Identity> = async ({ db }, call) => {
  const services = await listEntries(db, 'services', call.queries);
  const named = services.filter(({ extra }) => call.query.name === undefined || extra.name === call.query.name);
  return ok(
    collection(
      call,
      'services',
      named.map((each) => serviceView(each, call.base)),
    ),
  );
};

export const showService: Handler<Identity, unknown, 'id'> = async ({ db }, { params, base }) =>
  ok({ service: serviceView(await getEntry(db, 'services', params.id), base) });

export const createService: Handler<Identity, { service: Input }> = async (
  { db },
  { body: { service: input }, base },
) => {
  const service = {
    id: newId(),
    type: text(input.type),
    enabled: input.enabled !== false,
    extra: extraOf(input, serviceFields),
  };
  await insertEntry(db, 'services', service);
  return created({ service: serviceView(service, base) });
};

export const updateService: Handler<Identity, { service: Input }, 'id'> = async (
  { db },
  { body: { service: input }, params, base },
) => {
  const service = await getEntry(db, 'services', params.id);
  const changed = {
    ...service,
    ...(input.type === undefined ? {} : { type: text(input.type) }),
    ...(input.enabled === undefined ? {} : { enabled: input.enabled === true }),
    extra: { ...service.extra, ...extraOf(input, serviceFields) },
  };
  await updateEntry(db, 'services', service.id, changed);
  return ok({ service: serviceView(changed, base) });
};

/** Deletes the service with its endpoints. */
export const deleteService: Handler<Identity, unknown, 'id'> = async ({ db }, { params }) => {
  const { id } = await getEntry(db, 'services', params.id);
  await db.transaction(async (tx) => {
    await associations.remove(tx, { serviceId: id });
    await removeEndpointsOf(tx, id);
    await removeEntry(tx, 'services', id);
  });
  return gone();
};

export const listEndpoints: Handler<Identity> = async ({ db }, call) =>
  ok(
    collection(
      call,
      'endpoints',
      (await listEntries(db, 'endpoints', call.queries)).map((each) => endpointView(each, call.base)),
    ),
  );

export const showEndpoint: Handler<Identity, unknown, 'id'> = async ({ db }, { params, base }) =>
  ok({ endpoint: endpointView(await getEntry(db, 'endpoints', params.id), base) });

export const createEndpoint: Handler<Identity, { endpoint: Input }> = async ({ db }, call) => {
  const { endpoint: input } = call.body;
  const regionId = text(input.region_id) || text(input.region) || null;
  await getEntry(db, 'services', text(input.service_id)).catch(() => {
    throw badRequest(`Could not find service: ${text(input.service_id)}.`);
  });
  const face = input.interface as Endpoint['interface'];
  const endpoint = {
    id: newId(),
    serviceId: text(input.service_id),
    interface: face,
    regionId,
    url: text(input.url),
    enabled: input.enabled !== false,
    extra: extraOf(input, endpointFields),
  };
  await db.transaction(async (tx) => {
    if (regionId !== null) await ensureRegion(tx, regionId);
    await insertEntry(tx, 'endpoints', endpoint);
  });
  return created({ endpoint: endpointView(endpoint, call.base) });
};

export const updateEndpoint: Handler<Identity, { endpoint: Input }, 'id'> = async (
  { db },
  { body: { endpoint: input }, params, base },
) => {
  const endpoint = await getEntry(db, 'endpoints', params.id);
  const region = 'region_id' in input ? input.region_id : input.region;
  const changed = {
    ...endpoint,
    ...(input.url === undefined ? {} : { url: text(input.url) }),
    ...(input.interface === undefined ? {} : { interface: input.interface as Endpoint['interface'] }),
    ...(input.enabled === undefined ? {} : { enabled: input.enabled === true }),
    ...(input.service_id === undefined ? {} : { serviceId: text(input.service_id) }),
    ...(region === undefined ? {} : { regionId: text(region) || null }),
    extra: { ...endpoint.extra, ...extraOf(input, endpointFields) },
  };
  if (changed.serviceId !== endpoint.serviceId) await getEntry(db, 'services', changed.serviceId);
  await db.transaction(async (tx) => {
    if (changed.regionId !== null) await ensureRegion(tx, changed.regionId);
    await updateEntry(tx, 'endpoints', endpoint.id, changed);
  });
  return ok({ endpoint: endpointView(changed, base) });
};

export const deleteEndpoint: Handler<Identity, unknown, 'id'> = async ({ db }, { params }) => {
  const { id } = await getEntry(db, 'endpoints', params.id);
  await db.transaction(async (tx) => {
    await forgetEndpoint(tx, id);
    await associations.remove(tx, { endpointId: id });
    await removeEntry(tx, 'endpoints', id);
  });
  return gone();
};
