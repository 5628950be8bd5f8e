import { join } from 'node:path';
import { databaseOf, listenAt, loginUrlOf, readCloud } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { sessionOf } from '#shared/service/session.ts';
import { watchTrust } from '#shared/service/trust.ts';
import { section } from './config.ts';
import type { Images } from './context.ts';
import { glance } from './dialect.ts';
import { fileBytes } from './drivers/file.ts';
import { migrations } from './migrations/all.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';

/** Puts the parts together. The doors open last and close first. */
export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('image', section);
  const db = openDatabase(config.database || databaseOf(cloud, 'image'));
  await migrate(db, migrations);
  const bytes = await fileBytes(config.directory || join(cloud.var, 'image'));
  const images: Images = { db, bytes, config, log };
  const timers = openTimers(images);
  const trust = watchTrust({ session: sessionOf(cloud, 'glance'), bus, log });
  const door = await openDoor({
    name: 'image',
    service: images,
    routes,
    policy,
    dialect: glance(loginUrlOf(cloud)),
    identify: trust.identify,
    log,
    at: listenAt(cloud, config.listen),
  });
  const close = async () => {
    await door.close();
    await trust.close();
    await Promise.all(timers.map((timer) => timer.close()));
    await db.destroy();
  };
  return { close };
};
