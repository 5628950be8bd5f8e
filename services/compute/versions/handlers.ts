import { notFound } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { newest, oldest } from '../dialect.ts';

const described = { updated: '2013-07-23T11:33:21Z' };

const legacy = (base: string) => ({
  id: 'v2.0',
  status: 'SUPPORTED',
  version: '',
  min_version: '',
  updated: '2011-01-21T11:33:21Z',
  links: [{ rel: 'self', href: `${base}/v2/` }],
});

const current = (base: string) => ({
  id: 'v2.1',
  status: 'CURRENT',
  version: newest,
  min_version: oldest,
  ...described,
  links: [{ rel: 'self', href: `${base}/v2.1/` }],
});

const alone = (base: string, version: object, path: string, media: string) => ({
  version: {
    ...version,
    links: [
      { rel: 'self', href: `${base}/${path}/` },
      { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
    ],
    'media-types': [{ base: 'application/json', type: `application/vnd.openstack.compute+json;version=${media}` }],
  },
});

const listVersions: Handler<Compute> = async (_compute, { base }) => ok({ versions: [legacy(base), current(base)] });

const showVersion: Handler<Compute> = async (_compute, { base }) => ok(alone(base, current(base), 'v2.1', '2.1'));

const showLegacyVersion: Handler<Compute> = async (_compute, { base }) => ok(alone(base, legacy(base), 'v2', '2'));

const showNamedVersion: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  if (call.params.id === 'v2.1') return showVersion(compute, call);
  if (call.params.id === 'v2.0') return showLegacyVersion(compute, call);
  throw notFound('Version', call.params.id);
};

export const versionRoutes: Route<Compute>[] = [
  { method: 'get', path: '/', handler: listVersions, auth: 'none' },
  { method: 'get', path: '/v2', handler: showLegacyVersion, auth: 'none' },
  { method: 'get', path: '/v2.1', handler: showVersion, auth: 'none' },
  { method: 'get', path: '/v2.1/versions/:id', handler: showNamedVersion, auth: 'none' },
];
