import type { Endpoint, Region, Service } from './store.ts';

export const regionView = ({ id, parentId, description, extra }: Region, base: string) => ({
  ...extra,
  id,
  description,
  parent_region_id: parentId,
  links: { self: `${base}/v3/regions/${id}` },
});
export const serviceView = ({ id, type, enabled, extra }: Service, base: string) => ({
  ...extra,
  id,
  type,
  enabled,
  links: { self: `${base}/v3/services/${id}` },
});
export const endpointView = (
  { id, serviceId, interface: face, regionId, url, enabled, extra }: Endpoint,
  base: string,
) => ({
  ...extra,
  id,
  interface: face,
  region_id: regionId,
  region: regionId,
  service_id: serviceId,
  url,
  enabled,
  links: { self: `${base}/v3/endpoints/${id}` },
});
