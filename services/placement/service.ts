import { databaseOf } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { beginApi } from '#shared/service/begin.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { section } from './config.ts';
import type { Placement } from './context.ts';
import { placement } from './dialect.ts';
import { providers } from './migrations/001-providers.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

/** A request is one transaction here: there are no tasks, no messages and no timers. */
export const start: Start = async (ground) => {
  const { cloud, config, doorway, identityUrl, ...begun } = beginApi(ground, 'placement', section, 'placement');
  const db = openDatabase(config.database || databaseOf(cloud, 'placement'));
  await migrate(db, [providers]);
  const service: Placement = { db, config, log: ground.log };
  const dialect = placement(identityUrl);
  const bodyLimitBytes = 1024 * 1024;
  const door = await openDoor({ name: 'placement', service, routes, policy, dialect, bodyLimitBytes, ...doorway });
  const close = async () => {
    await door.close();
    await begun.close();
    await db.destroy();
  };
  return { close };
};
