/** The object-store proxy: Swift's API in front of the devices of the ring. */
import { listenAt, loginUrlOf, readCloud } from '#shared/config/cloud.ts';
import { readRing } from '#shared/ring/config.ts';
import { openReach } from '#shared/ring/reach.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { sessionOf } from '#shared/service/session.ts';
import { watchTrust } from '#shared/service/trust.ts';
import { section } from './config.ts';
import type { ObjectStore } from './context.ts';
import { swift } from './dialect.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('object-store', section);
  const ring = readRing(settings);
  const reach = openReach(bus, ring);
  const store: ObjectStore = { ring, reach, settings: config, log };
  const trust = watchTrust({ session: sessionOf(cloud, 'swift'), bus, log });
  const door = await openDoor({
    name: 'object-store',
    service: store,
    routes,
    policy,
    dialect: swift(loginUrlOf(cloud)),
    identify: trust.identify,
    log,
    validation: cloud.validation,
    at: listenAt(cloud, config.listen),
  });
  const close = async () => {
    await door.close();
    await trust.close();
    reach.close();
  };
  return { close };
};
