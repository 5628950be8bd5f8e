import { databaseOf } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import type { Start } from '#shared/service/runtime.ts';
import { startApi } from '#shared/service/start-api.ts';
import { section } from './config.ts';
import type { Placement } from './context.ts';
import { placement } from './dialect.ts';
import { providers } from './migrations/001-providers.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

/** Every request is one transaction: there are no tasks, messages or timers. */
export const start: Start = async (runtime) => {
  const { cloud, config, apiServer, identityUrl, ...started } = startApi(runtime, 'placement', section, 'placement');
  const db = openDatabase(config.database || databaseOf(cloud, 'placement'));
  await migrate(db, [providers]);
  const service: Placement = { db, config, log: runtime.log };
  const dialect = placement(identityUrl);
  const bodyLimitBytes = 1024 * 1024;
  const endpoint = await openApiServer({
    name: 'placement',
    service,
    routes,
    policy,
    dialect,
    bodyLimitBytes,
    ...apiServer,
  });
  const close = async () => {
    await endpoint.close();
    await started.close();
    await db.destroy();
  };
  return { close };
};
