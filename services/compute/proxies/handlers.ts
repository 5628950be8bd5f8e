/** Nova's image and network APIs until 2.35, for old clients. Calls the other services with the caller's token. */
import { shortTime, timeOf } from '#shared/api/times.ts';
import { type Image, propertiesOf } from '#shared/clients/image.ts';
import type { NetworkJson } from '#shared/clients/network.ts';
import { anyToken, type Call, type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Compute } from '../context.ts';
import { linksOf } from '../dialect.ts';
import { limitOf } from '../values.ts';
import { floatingIpRoutes } from './floating-ips.ts';
import { imageMetadataRoutes } from './image-metadata.ts';
import { missing } from './missing.ts';
import { volumeProxyRoutes } from './volumes.ts';

const states: Readonly<Record<string, readonly [status: string, progress: number]>> = {
  active: ['ACTIVE', 100],
  saving: ['SAVING', 50],
  queued: ['SAVING', 25],
  deleted: ['DELETED', 0],
  killed: ['ERROR', 0],
};

const briefImage = ({ id, name }: Image, base: string) => ({ id, name, links: linksOf(base, 'images', id) });

function imageView(image: Image, base: string) {
  const [status, progress] = own(states, image.status) ?? ['UNKNOWN', 0];
  return {
    ...briefImage(image, base),
    status,
    progress,
    minDisk: image.min_disk,
    minRam: image.min_ram,
    created: shortTime(timeOf(String(image.created_at)) ?? 0),
    updated: shortTime(timeOf(String(image.updated_at)) ?? 0),
    metadata: propertiesOf(image),
    'OS-EXT-IMG-SIZE:size': image.size,
  };
}

const statusOfNova: Readonly<Record<string, string>> = { SAVING: 'saving', DELETED: 'deleted', ERROR: 'killed' };

/** Nova's filters to those of the image service; `server` may be a URL. Others narrow nothing, as in Nova. */
const filters: Readonly<Record<string, (value: string) => readonly [name: string, value: string]>> = {
  name: (value) => ['name', value],
  status: (value) => ['status', own(statusOfNova, value.toUpperCase()) ?? value.toLowerCase()],
  server: (value) => ['instance_uuid', value.split('/').at(-1) ?? ''],
  type: (value) => ['image_type', value],
  minRam: (value) => ['min_ram', value],
  minDisk: (value) => ['min_disk', value],
  'changes-since': (value) => ['updated_at', `gte:${value}`],
};

const filtersOf = (query: Call['query']) =>
  Object.fromEntries(
    Object.entries(query).flatMap(([name, value = '']) =>
      [own(filters, name)?.(value)].flatMap((pair) => (pair ? [pair] : [])),
    ),
  );

async function page({ images }: Compute, call: Call) {
  const { limit, marker } = call.query;
  const pageSize = limitOf(limit);
  const query = { ...filtersOf(call.query), limit: String(pageSize), ...(marker === undefined ? {} : { marker }) };
  const found = await images.list(query, call.caller.token);
  const ids = found.map(({ id }) => id);
  return { found, links: call.page('images', ids, pageSize) };
}

const listImageNames: Handler<Compute> = async (compute, call) => {
  const { found, links } = await page(compute, call);
  return ok({ images: found.map((image) => briefImage(image, call.base)), ...links });
};

const listImageDetails: Handler<Compute> = async (compute, call) => {
  const { found, links } = await page(compute, call);
  return ok({ images: found.map((image) => imageView(image, call.base)), ...links });
};

const showImage: Handler<Compute, unknown, 'id'> = async ({ images }, { caller, params, base }) =>
  ok({ image: imageView(await images.show(params.id, caller.token).catch(missing('Image')), base) });

const deleteImage: Handler<Compute, unknown, 'id'> = async ({ images }, { caller, params }) => {
  await images.delete(params.id, caller.token).catch(missing('Image'));
  return noContent();
};

/** Nova-network's attributes, which Neutron's networks have not. */
const absent = 'cidr netmask gateway broadcast dns1 dns2 cidr_v6 gateway_v6 netmask_v6'.split(' ');
const nulls = Object.fromEntries(absent.map((name) => [name, null]));

const networkView = ({ id, name }: NetworkJson) => ({ id, label: name, ...nulls });

const listNetworks: Handler<Compute> = async ({ network }, { caller }) =>
  ok({ networks: (await network.listNetworks({}, caller.token)).map(networkView) });

const showNetwork: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) =>
  ok({ network: networkView(await network.showNetwork(params.id, caller.token).catch(missing('Network'))) });

const tenantNetworkView = ({ id, name }: NetworkJson) => ({ id, label: name, cidr: 'None' });

const listTenantNetworks: Handler<Compute> = async ({ network }, { caller }) =>
  ok({ networks: (await network.listNetworks({}, caller.token)).map(tenantNetworkView) });

const showTenantNetwork: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) =>
  ok({ network: tenantNetworkView(await network.showNetwork(params.id, caller.token).catch(missing('Network'))) });

const until = '2.35';
const tenantRule = 'os_compute_api:os-tenant-networks';
const rule = 'os_compute_api:os-networks';

export const proxyRoutes: Route<Compute>[] = [
  { method: 'get', path: '/v2.1/images', handler: listImageNames, rule: anyToken, until },
  { method: 'get', path: '/v2.1/images/detail', handler: listImageDetails, rule: anyToken, until },
  { method: 'get', path: '/v2.1/images/:id', handler: showImage, rule: anyToken, until },
  { method: 'delete', path: '/v2.1/images/:id', handler: deleteImage, rule: anyToken, until },
  { method: 'get', path: '/v2.1/os-networks', handler: listNetworks, rule: `${rule}:list`, until },
  { method: 'get', path: '/v2.1/os-networks/:id', handler: showNetwork, rule: `${rule}:show`, until },
  { method: 'get', path: '/v2.1/os-tenant-networks', handler: listTenantNetworks, rule: `${tenantRule}:list`, until },
  {
    method: 'get',
    path: '/v2.1/os-tenant-networks/:id',
    handler: showTenantNetwork,
    rule: `${tenantRule}:show`,
    until,
  },
  ...imageMetadataRoutes,
  ...volumeProxyRoutes,
  ...floatingIpRoutes,
];
