import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { imageClient } from '#shared/clients/image.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { volumeAgent } from '#shared/contracts/volume-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openSeal } from '#shared/seal/seal.ts';
import { beginApi } from '#shared/service/begin.ts';
import { type Doorway, openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { startRunner } from '#shared/workflow/runner.ts';
import { section } from './config.ts';
import type { Volumes } from './context.ts';
import { cinder } from './dialect.ts';
import { serversOver } from './drivers/servers.ts';
import { openMessages } from './messages.ts';
import { volumes as tables } from './migrations/001-volumes.ts';
import { transfers } from './migrations/002-transfers.ts';
import { frozen } from './migrations/003-frozen.ts';
import { closed } from './migrations/004-closed.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { ensureType } from './types/store.ts';
import { workflows } from './workflows/all.ts';

/** What this service stands on; a test brings its own. */
export interface Parts {
  readonly ground: Omit<Volumes, 'hosts' | 'copiers'>;
  readonly doorway: Doorway;
  readonly identityUrl: string;
}

/** Puts the parts together. The doors open last and close first. */
export async function openVolumes({ ground, doorway, identityUrl }: Parts) {
  const { db, bus, log, cloud, config, seal } = ground;
  const { answerMs, copyMs, pollMs, leaseMs, backoffMs, limit } = config;
  await migrate(db, [tables, transfers, frozen, closed]);
  await db.transaction((tx) => ensureType(tx, defaultType()));
  const hosts = hostsOf({ contract: volumeAgent, db, bus, answerMs, pollMs, seal });
  const copiers = hostsOf({ contract: volumeAgent, db, bus, answerMs: copyMs, pollMs, seal });
  const service: Volumes = { ...ground, hosts, copiers };
  const owner = `volume/${cloud.host || hostname()}`;
  const runner = await startRunner({ service, db, log, workflows, owner, leaseMs, backoffMs, limit, pollMs });
  const messages = openMessages(service, runner);
  const timers = openTimers(service);
  const dialect = cinder(identityUrl);
  const door = await openDoor({ name: 'volume', service, routes, policy, dialect, ...doorway });
  const close = async () => {
    await door.close();
    await runner.close();
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
  };
  return { service, door, close };
}

export const start: Start = async (ground) => {
  const { cloud, config, session, doorway, identityUrl, ...begun } = beginApi(ground, 'volume', section, 'cinder');
  const { bus, log } = ground;
  const db = openDatabase(config.database || databaseOf(cloud, 'volume'));
  const [images, servers] = [imageClient(session), serversOver(session)];
  const seal = openSeal(cloud, 'volume');
  const parts = { db, bus, log, cloud, config, images, servers, seal };
  const opened = await openVolumes({ ground: parts, doorway, identityUrl });
  const close = async () => {
    await opened.close();
    await begun.close();
    await db.destroy();
  };
  return { close };
};

/** What a volume is when nobody says otherwise; seeded once. */
const defaultType = () => ({
  id: randomUUID(),
  name: '__DEFAULT__',
  description: 'Default Volume Type',
  isPublic: true,
  extraSpecs: {},
  createdAt: Date.now(),
});
