/** The object-store proxy: Swift's API in front of the devices of the ring. */
import { readCloud } from '#shared/config/cloud.ts';
import { readRing } from '#shared/ring/config.ts';
import { openReach } from '#shared/ring/reach.ts';
import { followRingFile } from '#shared/ring/ring-file.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import type { Start } from '#shared/service/runtime.ts';
import { startApi } from '#shared/service/start-api.ts';
import { section } from './config.ts';
import type { ObjectStore } from './context.ts';
import { swift } from './dialect.ts';
import { policy } from './policy.ts';
import { openQuotas } from './quotas/reservations.ts';
import { routes } from './routes.ts';
import { askIdentity, openKeys } from './s3/keys.ts';

export const start: Start = async (runtime) => {
  const { config, apiServer, identityUrl, session, ...begun } = startApi(runtime, 'object-store', section, 'swift');
  const ring = readRing(runtime.settings);
  const reach = openReach(runtime.bus, ring);
  const keys = openKeys(askIdentity(session));
  const service: ObjectStore = { ring, reach, settings: config, log: runtime.log, quotas: openQuotas(), keys };
  const dialect = swift(identityUrl);
  const onChange = () => runtime.log.info({ version: ring.version }, 'the ring has changed');
  const onError = (error: unknown) => runtime.log.error({ error }, 'the changed ring cannot be read');
  const following = followRingFile(ring, readCloud(runtime.settings).var, onChange, onError);
  const endpoint = await openApiServer({
    name: 'object-store',
    service,
    routes,
    policy,
    dialect,
    reservesRoom: true,
    ...apiServer,
  });
  const close = async () => {
    await following.close();
    await endpoint.close();
    await begun.close();
    reach.close();
  };
  return { close };
};
