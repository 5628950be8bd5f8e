import { bytes, type Handler, ok } from '#shared/http/route.ts';
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

/** `Accept: application/json-home` selects the JSON Home document; `home` makes it from the routes. */
export const showVersionOr =
  (home: () => unknown): Handler<Identity> =>
  async (_identity, { base, header }) => {
    if (!header('accept')?.includes('application/json-home')) return ok({ version: version(base) });
    return bytes(200, Buffer.from(JSON.stringify(home())), { 'content-type': 'application/json-home' });
  };
