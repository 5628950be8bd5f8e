import { every } from '#shared/clock/every.ts';
import { databaseOf, listenAt, readCloud } from '#shared/config/cloud.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { baseOf } from '#shared/http/address.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import { edgeOf } from '#shared/service/edge.ts';
import type { Runtime, Start } from '#shared/service/runtime.ts';
import { section } from './config.ts';
import { type Change, type Dashboard, type Live, notifications } from './context.ts';
import { page } from './dialect.ts';
import { sessions } from './migrations/001-sessions.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openScreens } from './screens/operations.ts';
import { deleteOldSessions } from './sessions/store.ts';

const cleanMs = 10 * 60_000;

/** It has no user of its own: all that it does is done with the tokens of its sessions. */
export const start: Start = async (runtime) => {
  const { settings, log } = runtime;
  const cloud = readCloud(settings);
  const config = settings.read('dashboard', section);
  const db = openDatabase(config.database || databaseOf(cloud, 'dashboard'));
  await migrate(db, [sessions]);
  const dashboard: Dashboard = {
    ...{ db, config, log, region: cloud.region, live: openLive(runtime) },
    identityUrl: cloud.identityUrl || `http://${cloud.address}:5000/v3`,
  };
  const edge = edgeOf(cloud, config, runtime);
  const screens = openScreens(dashboard, (request) => baseOf(request, edge.addressing));
  const endpoint = await openApiServer({
    ...{ name: 'dashboard', service: dashboard, routes, policy, dialect: page, log, edge },
    at: listenAt(cloud, config.listen),
    identify: () => Promise.reject(unauthorized()),
    upgrade: screens.upgrade,
  });
  const cleaning = every(
    cleanMs,
    () => deleteOldSessions(db),
    (error) => log.warn({ error }, 'old sessions stay'),
  );
  const close = async () => {
    dashboard.live.close();
    screens.close();
    await cleaning.close();
    await endpoint.close();
    await db.destroy();
  };
  return { close };
};

function openLive({ bus }: Pick<Runtime, 'bus'>): Live {
  const listeners = new Set<(what: Change) => void>();
  const closing = new AbortController();
  const wake = (what: Change) => () => {
    for (const listener of listeners) listener(what);
  };
  const offs = (['machines', 'tokens'] as const).flatMap((what) =>
    notifications[what].map((address) => bus.onNotify(address, wake(what))),
  );
  return {
    closing: closing.signal,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      for (const off of offs) off();
      closing.abort();
    },
  };
}
