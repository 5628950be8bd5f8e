import type { Handler } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { newest, oldest } from '../dialect.ts';

const document = (base: string) => ({
  versions: [
    {
      id: 'v3.0',
      status: 'CURRENT',
      version: newest,
      min_version: oldest,
      updated: '2024-04-01T00:00:00Z',
      links: [
        { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
        { rel: 'self', href: `${base}/v3/` },
      ],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
    },
  ],
});

export const listVersions: Handler<Volumes> = async (_service, { base }) => ({ status: 300, body: document(base) });
export const showVersion: Handler<Volumes> = async (_service, { base }) => ({ status: 200, body: document(base) });
