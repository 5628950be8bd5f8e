import { hostname } from 'node:os';
import { databaseOf, listenAt } from '#shared/config/cloud.ts';
import { computeAgent, questionTo, type Screen } from '#shared/contracts/compute-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openSeal } from '#shared/seal/seal.ts';
import { beginApi } from '#shared/service/begin.ts';
import { type Doorway, openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { startRunner } from '#shared/workflow/runner.ts';
import { section } from './config.ts';
import { startConsoleProxy } from './console-proxy/proxy.ts';
import { redeemConsole } from './consoles/store.ts';
import type { Compute } from './context.ts';
import { nova } from './dialect.ts';
import { imageOver, networkOver, placementOver, volumeOver } from './drivers/neighbours-http.ts';
import { seedFlavors } from './flavors/operations.ts';
import { openMessages } from './messages.ts';
import { servers } from './migrations/001-servers.ts';
import { beside } from './migrations/002-beside.ts';
import { discs } from './migrations/003-discs.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { workflows } from './workflows/all.ts';

/** What this service stands on; a test brings its own. */
export interface Parts {
  readonly ground: Omit<Compute, 'hosts' | 'copiers'>;
  readonly doorway: Doorway;
  readonly identityUrl: string;
  readonly host: string;
  readonly consoleAt: Doorway['at'];
}

/** Puts the parts together. The doors open last and close first. */
export async function openCompute({ ground, doorway, identityUrl, host, consoleAt }: Parts) {
  const { db, bus, log, config, seal } = ground;
  const { answerMs, copyMs, leaseMs, backoffMs, limit, pollMs } = config;
  await migrate(db, [servers, beside, discs]);
  await seedFlavors(db);
  const compute: Compute = {
    ...ground,
    hosts: hostsOf({ contract: computeAgent, db, bus, answerMs, pollMs, seal }),
    copiers: hostsOf({ contract: computeAgent, db, bus, answerMs: copyMs, pollMs, seal }),
  };
  const owner = `compute/${host}`;
  const runner = await startRunner({ service: compute, db, log, workflows, owner, leaseMs, backoffMs, limit, pollMs });
  const messages = openMessages(compute, runner);
  const timers = openTimers(compute, host);
  const proxy = await startConsoleProxy({
    at: consoleAt,
    log,
    perServer: config.consolesPerServer,
    redeemConsoleToken: async (token) => (await redeemConsole(db, token)) ?? null,
    screenOf: ({ host: where, serverId }) => bus.ask<Screen>(questionTo(where, 'vncSocket'), { id: serverId }),
  });
  const dialect = nova(identityUrl);
  const door = await openDoor({ name: 'compute', service: compute, routes, policy, dialect, ...doorway });
  const close = async () => {
    await Promise.all([door.close(), proxy.close()]);
    await runner.close();
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
  };
  return { compute, door, close };
}

export const start: Start = async (ground) => {
  const { cloud, config, session, doorway, identityUrl, ...begun } = beginApi(ground, 'compute', section, 'nova');
  const { bus, log } = ground;
  const db = openDatabase(config.database || databaseOf(cloud, 'compute'));
  const consoleAt = listenAt(cloud, config.consoleListen);
  const consoleUrl = config.consoleUrl || `http://${cloud.publicAddress}:${consoleAt.port}/vnc_lite.html`;
  const neighbours = {
    images: imageOver(session),
    network: networkOver(session),
    volumes: volumeOver(session),
    placement: placementOver(session),
  };
  const opened = await openCompute({
    ground: {
      db,
      bus,
      log,
      config,
      seal: openSeal(cloud, 'compute'),
      ...neighbours,
      cloud: { id: cloud.id, consoleUrl },
    },
    doorway,
    identityUrl,
    host: cloud.host || hostname(),
    consoleAt,
  });
  const close = async () => {
    await opened.close();
    await begun.close();
    await db.destroy();
  };
  return { close };
};
