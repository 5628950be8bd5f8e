import { join } from 'node:path';
import { databaseOf } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { beginApi } from '#shared/service/begin.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { section } from './config.ts';
import type { Images } from './context.ts';
import { glance } from './dialect.ts';
import { fileBytes } from './drivers/file.ts';
import { migrations } from './migrations/all.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';

/** Puts the parts together. The doors open last and close first. */
export const start: Start = async (ground) => {
  const { cloud, config, doorway, identityUrl, ...begun } = beginApi(ground, 'image', section, 'glance');
  const db = openDatabase(config.database || databaseOf(cloud, 'image'));
  await migrate(db, migrations);
  const bytes = await fileBytes(config.directory || join(cloud.var, 'image'), config.reserveMb);
  const service: Images = { db, bytes, config, log: ground.log };
  const timers = openTimers(service);
  const dialect = glance(identityUrl);
  const door = await openDoor({ name: 'image', service, routes, policy, dialect, ...doorway });
  const close = async () => {
    await door.close();
    await begun.close();
    await Promise.all(timers.map((timer) => timer.close()));
    await db.destroy();
  };
  return { close };
};
