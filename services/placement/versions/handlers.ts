import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { newest, oldest } from '../dialect.ts';

export const showVersions: Handler<Placement> = async () =>
  ok({
    versions: [
      {
        id: `v${oldest}`,
        max_version: newest,
        min_version: oldest,
        status: 'CURRENT',
        links: [{ rel: 'self', href: '' }],
      },
    ],
  });
