import { databaseOf, listenAt, loginUrlOf, readCloud } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { sessionOf } from '#shared/service/session.ts';
import { watchTrust } from '#shared/service/trust.ts';
import { section } from './config.ts';
import { placement } from './dialect.ts';
import { providers } from './migrations/001-providers.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

/** A request is one transaction here: there are no tasks, no messages and no timers. */
export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('placement', section);
  const db = openDatabase(config.database || databaseOf(cloud, 'placement'));
  await migrate(db, [providers]);
  const trust = watchTrust({ session: sessionOf(cloud, 'placement'), bus, log });
  const door = await openDoor({
    name: 'placement',
    service: { db, config, log },
    routes,
    policy,
    dialect: placement(loginUrlOf(cloud)),
    identify: trust.identify,
    log,
    at: listenAt(cloud, config.listen),
    bodyLimitBytes: 1024 * 1024,
  });
  const close = async () => {
    await door.close();
    await trust.close();
    await db.destroy();
  };
  return { close };
};
