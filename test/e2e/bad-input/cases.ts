/** Invalid requests, and the refusal of each API family. */
import type { ServiceType } from '#shared/clients/session.ts';

export type Api = Exclude<ServiceType, 'volumev3'> | 'volume';

/** In paths and bodies %project, %network, %image and %liar (an image wrongly declared as qcow2) are replaced by ids. */
export interface Case {
  readonly method: string;
  /** From the root of the service. */
  readonly path: string;
  /** A valid token unless set. */
  readonly token?: 'none' | 'broken';
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text that is sent unchanged. */
  readonly body?: unknown;
  readonly status: number;
  /** Must match the message. */
  readonly message?: RegExp;
}

type Cases = Readonly<Record<string, Case>>;

/** An id that does not exist. */
const unknownId = '99999999-9999-4999-8999-999999999999';
const long = 'x'.repeat(2 ** 21);
/** Longer than the headers that Node accepts. */
const head = 'x'.repeat(17_000);
const text = { 'content-type': 'text/plain' };

interface Examples {
  readonly list: string;
  readonly item: string;
  /** A method that the path does not have, and the path. */
  readonly wrongMethod: readonly [string, string];
  /** A create request with a valid body. */
  readonly make: readonly [method: string, path: string, good: object];
}

const examples: Readonly<Record<Exclude<Api, 'object-store'>, Examples>> = {
  identity: {
    list: '/v3/users',
    item: `/v3/users/${unknownId}`,
    wrongMethod: ['PUT', '/v3/users'],
    make: ['POST', '/v3/projects', { project: { name: 'bad' } }],
  },
  placement: {
    list: '/resource_providers',
    item: `/resource_providers/${unknownId}`,
    wrongMethod: ['PATCH', '/resource_providers'],
    make: ['POST', '/resource_providers', { name: 'bad' }],
  },
  image: {
    list: '/v2/images',
    item: `/v2/images/${unknownId}`,
    wrongMethod: ['PUT', '/v2/images'],
    make: ['POST', '/v2/images', { name: 'bad' }],
  },
  compute: {
    list: '/v2.1/servers',
    item: `/v2.1/servers/${unknownId}`,
    wrongMethod: ['PATCH', '/v2.1/servers'],
    make: ['POST', '/v2.1/flavors', { flavor: { name: 'bad', ram: 64, vcpus: 1, disk: 0 } }],
  },
  volume: {
    list: '/v3/volumes',
    item: `/v3/volumes/${unknownId}`,
    wrongMethod: ['PATCH', '/v3/volumes'],
    make: ['POST', '/v3/volumes', { volume: { name: 'bad', size: 1 } }],
  },
  network: {
    list: '/v2.0/networks',
    item: `/v2.0/networks/${unknownId}`,
    wrongMethod: ['PATCH', '/v2.0/networks'],
    make: ['POST', '/v2.0/networks', { network: { name: 'bad' } }],
  },
};

/** Cases that all JSON APIs refuse in the same way. */
const common = ({ list, item, wrongMethod: [method, other], make: [verb, path, good] }: Examples): Cases => ({
  'no token': { method: 'GET', path: list, token: 'none', status: 401 },
  'an invalid token': { method: 'GET', path: list, token: 'broken', status: 401 },
  'an unknown id': { method: 'GET', path: item, status: 404 },
  'an unknown path': { method: 'GET', path: `${list.replace(/\w+$/, '')}nothing/here`, status: 404 },
  'a method that is not allowed': { method, path: other, body: {}, status: 405 },
  'a body that is not JSON': { method: verb, path, body: '{"name": ', status: 400 },
  'a body of another type': { method: verb, path, body: JSON.stringify(good), headers: text, status: 415 },
  'a body that is too large': { method: verb, path, body: `{"name": "${long}"}`, status: 413 },
  'a body that is a list': { method: verb, path, body: [good], status: 400 },
  'no body': { method: verb, path, status: 400 },
  'a header that is too long': { method: 'GET', path: list, headers: { 'x-long': head }, status: 431 },
  'a URL that is too long': { method: 'GET', path: `${list}?name=${head}`, status: 431 },
});

const versions = (path: string, word: string): Cases => ({
  'a malformed version': { method: 'GET', path, headers: { 'openstack-api-version': `${word} new` }, status: 400 },
  'an unsupported version': { method: 'GET', path, headers: { 'openstack-api-version': `${word} 9.999` }, status: 406 },
});

const make = (path: string, body: unknown, status: number, message: RegExp): Case => ({
  method: 'POST',
  path,
  body,
  status,
  message,
});

const login = (password: string) => ({
  auth: {
    identity: { methods: ['password'], password: { user: { name: 'admin', domain: { id: 'default' }, password } } },
  },
});

export const cases: Readonly<Record<Api, Cases>> = {
  identity: {
    ...common(examples.identity),
    'a wrong password': make(
      '/v3/auth/tokens',
      login('wrong'),
      401,
      /The request you have made requires authentication/,
    ),
    'a login without a method': make('/v3/auth/tokens', { auth: { identity: {} } }, 400, /methods/),
    'a name that is a number': make('/v3/projects', { project: { name: 7 } }, 400, /name/),
    'a name that is too long': make('/v3/projects', { project: { name: 'x'.repeat(65) } }, 400, /name/),
    'a missing envelope': make('/v3/projects', { name: 'bad' }, 400, /project/),
  },
  placement: {
    ...common(examples.placement),
    ...versions('/resource_providers', 'placement'),
    'an unknown field': make('/resource_providers', { name: 'bad', color: 'red' }, 400, /color/),
    'a name that is a number': make('/resource_providers', { name: 7 }, 400, /name/),
    'an unknown query parameter': {
      method: 'GET',
      path: '/resource_providers?color=red',
      status: 400,
      message: /color/,
    },
  },
  image: {
    ...common(examples.image),
    'a name that is a number': make('/v2/images', { name: 7 }, 400, /name/),
    'an unknown format': make('/v2/images', { disk_format: 'floppy' }, 400, /disk_format/),
    'a read-only size': make('/v2/images', { size: 7 }, 403, /size/),
    'more than the quota': bytes(2 ** 20 + 1, 413, /too large/),
    'data of another format than declared': bytes(2 ** 19, 415, /declared as qcow2, but its bytes are raw/),
    'an invalid limit': { method: 'GET', path: '/v2/images?limit=-1', status: 400, message: /limit/ },
  },
  compute: {
    ...common(examples.compute),
    ...versions('/v2.1/servers', 'compute'),
    'an unknown field': make('/v2.1/flavors', flavor({ color: 'red' }), 400, /color/),
    'text instead of a number': make('/v2.1/flavors', flavor({ ram: 'much' }), 400, /ram/),
    'an unknown action': make(`/v2.1/servers/${unknownId}/action`, { fly: null }, 400, /fly/),
    'a server of an unknown flavor': make(
      '/v2.1/servers',
      { server: { name: 'bad', flavorRef: 'none', imageRef: unknownId, networks: [] } },
      400,
      /./,
    ),
    'more than the quota': make(
      '/v2.1/servers',
      { server: { name: 'bad', flavorRef: '1', imageRef: '%image', networks: [{ uuid: '%network' }] } },
      403,
      /Quota exceeded for instances/,
    ),
    'an invalid limit': { method: 'GET', path: '/v2.1/servers?limit=-1', status: 400, message: /limit/ },
    'an unknown marker': { method: 'GET', path: `/v2.1/servers?marker=${unknownId}`, status: 400, message: /arker/ },
  },
  volume: {
    ...common(examples.volume),
    ...versions('/v3/volumes', 'volume'),
    'an unknown field': make('/v3/types', { volume_type: { name: 'bad', color: 'red' } }, 400, /color/),
    'more than the quota': make(
      '/v3/volumes',
      { volume: { size: 1 } },
      413,
      /allowed \(0\) exceeded for quota 'volumes'/,
    ),
    'text instead of a size': make('/v3/volumes', { volume: { size: 'much' } }, 400, /size/),
    'a size of 0': make('/v3/volumes', { volume: { size: 0 } }, 400, /size/),
    'an invalid limit': { method: 'GET', path: '/v3/volumes?limit=-1', status: 400, message: /limit/ },
  },
  network: {
    ...common(examples.network),
    'an unknown field': make('/v2.0/networks', { network: { name: 'bad', color: 'red' } }, 400, /color/),
    'text instead of a boolean': make(
      '/v2.0/networks',
      { network: { admin_state_up: 'maybe' } },
      400,
      /admin_state_up/,
    ),
    'a malformed CIDR': make(
      '/v2.0/subnets',
      { subnet: { network_id: '%network', ip_version: 4, cidr: '10.300.0.0/24' } },
      400,
      /cidr/,
    ),
    'more than the quota': make('/v2.0/networks', { network: { name: 'bad' } }, 409, /OverQuota/),
    'an unknown network': make('/v2.0/ports', { port: { network_id: unknownId } }, 404, /Network/),
  },
  'object-store': {
    'no token': { method: 'GET', path: '/v1/AUTH_%project', token: 'none', status: 401 },
    'an invalid token': { method: 'GET', path: '/v1/AUTH_%project', token: 'broken', status: 401 },
    'an unknown container': { method: 'GET', path: '/v1/AUTH_%project/nothing', status: 404 },
    'an unknown object': { method: 'GET', path: '/v1/AUTH_%project/nothing/here', status: 404 },
    'an unknown path': { method: 'GET', path: '/v9', status: 404 },
    'a method that is not allowed': { method: 'PATCH', path: '/v1/AUTH_%project/nothing', status: 405 },
    'an object in an unknown container': {
      method: 'PUT',
      path: '/v1/AUTH_%project/nothing/here',
      body: 'text',
      status: 404,
    },
    'a name that is too long': { method: 'PUT', path: `/v1/AUTH_%project/${'x'.repeat(257)}`, status: 400 },
    'a name that is not UTF-8': { method: 'PUT', path: '/v1/AUTH_%project/%FF', status: 412 },
    'metadata that is too long': {
      method: 'PUT',
      path: '/v1/AUTH_%project/bad',
      headers: { 'x-container-meta-long': 'x'.repeat(257) },
      status: 400,
    },
    'a limit that is too high': { method: 'GET', path: '/v1/AUTH_%project?limit=10001', status: 412 },
  },
};

function bytes(size: number, status: number, message: RegExp): Case {
  const headers = { 'content-type': 'application/octet-stream' };
  return { method: 'PUT', path: '/v2/images/%liar/file', body: '\0'.repeat(size), headers, status, message };
}

function flavor(more: object) {
  return { flavor: { name: 'bad', ram: 64, vcpus: 1, disk: 0, ...more } };
}
