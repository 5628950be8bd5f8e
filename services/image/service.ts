import { hostname } from 'node:os';
import { join } from 'node:path';
import { databaseOf } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import type { Start } from '#shared/service/runtime.ts';
import { startApi } from '#shared/service/start-api.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { section } from './config.ts';
import type { Images } from './context.ts';
import { glance } from './dialect.ts';
import { openDownloads } from './drivers/downloads.ts';
import { openStores } from './drivers/open-stores.ts';
import { migrations } from './migrations/all.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { startTasks } from './workflows/runner.ts';

/** Assembles the service. The API opens last and closes first. */
export const start: Start = async (runtime) => {
  const { cloud, config, apiServer, identityUrl, ...started } = startApi(runtime, 'image', section, 'glance');
  const db = openDatabase(config.database || databaseOf(cloud, 'image'));
  await migrate(db, migrations);
  const stores = await openStores(config, join(cloud.var, 'image'), started.session);
  const downloads = openDownloads();
  let runner: Runner | undefined;
  const wakeTasks = () => runner?.wake();
  const service: Images = { db, stores, config, log: runtime.log, downloads, wakeTasks };
  runner = await startTasks(service, `image/${cloud.host || hostname()}`);
  const timers = openTimers(service);
  const dialect = glance(identityUrl);
  const endpoint = await openApiServer({ name: 'image', service, routes, policy, dialect, ...apiServer });
  const close = async () => {
    await endpoint.close();
    await started.close();
    await downloads.close();
    await runner?.close();
    await Promise.all(timers.map((timer) => timer.close()));
    await db.destroy();
  };
  return { close };
};
