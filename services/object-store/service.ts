/** The object-store proxy: Swift's API in front of the devices of the ring. */
import { readRing } from '#shared/ring/config.ts';
import { openReach } from '#shared/ring/reach.ts';
import { beginApi } from '#shared/service/begin.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { section } from './config.ts';
import type { ObjectStore } from './context.ts';
import { swift } from './dialect.ts';
import { policy } from './policy.ts';
import { openQuotas } from './quotas/reservations.ts';
import { routes } from './routes.ts';

export const start: Start = async (ground) => {
  const { config, doorway, identityUrl, ...begun } = beginApi(ground, 'object-store', section, 'swift');
  const ring = readRing(ground.settings);
  const reach = openReach(ground.bus, ring);
  const service: ObjectStore = { ring, reach, settings: config, log: ground.log, quotas: openQuotas() };
  const dialect = swift(identityUrl);
  const door = await openDoor({
    name: 'object-store',
    service,
    routes,
    policy,
    dialect,
    reservesRoom: true,
    ...doorway,
  });
  const close = async () => {
    await door.close();
    await begun.close();
    reach.close();
  };
  return { close };
};
