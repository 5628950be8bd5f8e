import { badRequest, forbidden } from '#shared/errors/fault.ts';
import type { Route } from '#shared/http/route.ts';
import { associations } from '../catalog-policies/resource.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { endpoint, region, service } from './resource.ts';
import { ensureRegion, removeEndpoints } from './store.ts';

const regions = routesOf(region, {
  createBy: ['post', 'put'],
  check: async (tx, { parentId }, before) => {
    if (parentId && !before) await region.rows.get(tx, parentId);
  },
  removeDependents: async (tx, { id }) => {
    if ((await region.rows.find(tx, { parentId: id })) || (await endpoint.rows.find(tx, { regionId: id })))
      throw forbidden(`Unable to delete region ${id} because it or its child regions have associated endpoints.`);
  },
});

/** Deletes the service with its endpoints. */
const services = routesOf(service, {
  removeDependents: async (tx, { id }) => {
    await associations.remove(tx, { serviceId: id });
    await removeEndpoints(tx, { serviceId: id });
  },
});

const endpoints = routesOf(endpoint, {
  check: async (tx, { serviceId, regionId }, before) => {
    if (!before && !(await service.rows.find(tx, { id: serviceId })))
      throw badRequest(`Could not find service: ${serviceId}.`);
    if (serviceId !== before?.serviceId) await service.rows.get(tx, serviceId);
    if (regionId !== null) await ensureRegion(tx, regionId);
  },
  removeDependents: (tx, { id }) => removeEndpoints(tx, { id }),
});

export const catalogRoutes: readonly Route<Identity>[] = [...regions, ...services, ...endpoints];
