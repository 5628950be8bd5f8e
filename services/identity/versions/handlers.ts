import { type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

const version = (base: string) => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: `${base}/v3/` }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
});

export const listVersions: Handler<Identity> = async (_identity, { base }) => ({
  status: 300,
  body: { versions: { values: [version(base)] } },
  headers: { location: `${base}/v3/` },
});

export const showVersion: Handler<Identity> = async (_identity, { base }) => ok({ version: version(base) });
