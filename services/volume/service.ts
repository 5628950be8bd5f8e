import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { imageClient } from '#shared/clients/image.ts';
import { databaseOf, listenAt, readCloud } from '#shared/config/cloud.ts';
import { volumeAgent } from '#shared/contracts/volume-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { sessionOf } from '#shared/service/session.ts';
import { watchTrust } from '#shared/service/trust.ts';
import { startRunner } from '#shared/workflow/runner.ts';
import { section } from './config.ts';
import type { Volumes } from './context.ts';
import { cinder } from './dialect.ts';
import { openMessages } from './messages.ts';
import { volumes as tables } from './migrations/001-volumes.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { ensureType } from './types/store.ts';
import { workflows } from './workflows/all.ts';

/** Puts the parts together. The doors open last and close first. */
export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('volume', section);
  const { answerMs, copyMs, pollMs } = config;
  const db = openDatabase(config.database || databaseOf(cloud, 'volume'));
  await migrate(db, [tables]);
  await db.transaction((tx) => ensureType(tx, defaultType()));
  const session = sessionOf(cloud, 'cinder');
  const trust = watchTrust({ session, bus, log });
  const hosts = hostsOf({ contract: volumeAgent, db, bus, answerMs, pollMs });
  const copiers = hostsOf({ contract: volumeAgent, db, bus, answerMs: copyMs, pollMs });
  const service: Volumes = { db, bus, log, cloud, config, hosts, copiers, images: imageClient(session) };
  const owner = `volume@${cloud.host || hostname()}`;
  const runner = await startRunner({ service, db, log, workflows, owner, ...config });
  const messages = openMessages(service, runner);
  const timers = openTimers(service);
  const identityUrl = cloud.identityUrl || `http://${cloud.address}:5000/v3`;
  const door = await openDoor({
    name: 'volume',
    service,
    routes,
    policy,
    dialect: cinder(identityUrl),
    identify: trust.identify,
    log,
    at: listenAt(cloud, config.listen),
  });
  const close = async () => {
    await door.close();
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
    await runner.close();
    await trust.close();
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
