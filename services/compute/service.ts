import { hostname } from 'node:os';
import { imageClient } from '#shared/clients/image.ts';
import { networkClient } from '#shared/clients/network.ts';
import { placementClient } from '#shared/clients/placement.ts';
import { volumeClient } from '#shared/clients/volume.ts';
import { databaseOf, listenAt } from '#shared/config/cloud.ts';
import { callAddress, computeAgent, type VncEndpoint } from '#shared/contracts/compute-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openPresence } from '#shared/hosts/presence.ts';
import { openSeal } from '#shared/seal/seal.ts';
import { type ApiServer, openApiServer } from '#shared/service/api-server.ts';
import type { Start } from '#shared/service/runtime.ts';
import { startApi } from '#shared/service/start-api.ts';
import { startRunner } from '#shared/workflow/runner.ts';
import { section } from './config.ts';
import { startConsoleProxy } from './console-proxy/proxy.ts';
import { redeemConsole } from './consoles/store.ts';
import { type Compute, taskAdvanced } from './context.ts';
import { nova } from './dialect.ts';
import type { Fencing } from './drivers/fencing/fencing.ts';
import { openFencing } from './drivers/fencing/open.ts';
import { seedFlavors } from './flavors/operations.ts';
import { listMarks } from './hosts/store.ts';
import { openMessages } from './messages.ts';
import { servers } from './migrations/001-servers.ts';
import { flavorsHostsQuotas } from './migrations/002-flavors-hosts-quotas.ts';
import { cdromAndDetails } from './migrations/003-cdrom-and-details.ts';
import { listIndex } from './migrations/004-list-index.ts';
import { listByName } from './migrations/005-list-by-name.ts';
import { serverMigrations } from './migrations/006-server-migrations.ts';
import { serverImages } from './migrations/007-server-images.ts';
import { fencedAt } from './migrations/008-fenced-at.ts';
import { serverGroups } from './migrations/009-server-groups.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { workflows } from './workflows/all.ts';

/** The dependencies of this service; a test passes its own. */
export interface ComputeOptions {
  readonly runtime: Omit<Compute, 'hosts' | 'copiers' | 'presence' | 'fencing'>;
  /** As the settings say unless told. */
  readonly fencing?: Fencing;
  readonly apiServer: ApiServer;
  readonly identityUrl: string;
  readonly host: string;
  readonly consoleAt: ApiServer['at'];
}

/** Starts the parts. The API opens last and closes first. */
export async function openCompute({ runtime, apiServer, identityUrl, host, consoleAt, fencing }: ComputeOptions) {
  const { db, bus, log, config, seal } = runtime;
  const { answerMs, copyMs, leaseMs, backoffMs, limit, pollMs } = config;
  const migrations = [servers, flavorsHostsQuotas, cdromAndDetails, listIndex, listByName, serverMigrations];
  await migrate(db, [...migrations, serverImages, fencedAt, serverGroups]);
  await seedFlavors(db);
  const compute: Compute = {
    ...runtime,
    hosts: hostsOf({ contract: computeAgent, db, bus, answerMs, pollMs, seal }),
    copiers: hostsOf({ contract: computeAgent, db, bus, answerMs: copyMs, pollMs, seal }),
    fencing: fencing ?? openFencing(config),
    presence: openPresence({ read: () => listMarks(db), bus, log, hostDownMs: config.hostDownMs }),
  };
  const owner = `compute/${host}`;
  const onEnded = () => bus.notify(taskAdvanced);
  const runner = await startRunner({
    service: compute,
    db,
    log,
    workflows,
    owner,
    leaseMs,
    backoffMs,
    limit,
    pollMs,
    onEnded,
  });
  const messages = openMessages(compute, runner);
  const timers = openTimers(compute, host);
  const proxy = await startConsoleProxy({
    at: consoleAt,
    log,
    perServer: config.consolesPerServer,
    redeemConsoleToken: async (token) => (await redeemConsole(db, token)) ?? null,
    vncEndpointOf: ({ host: where, serverId }) =>
      bus.call<VncEndpoint>(callAddress(where, 'vncSocket'), { id: serverId }),
  });
  const dialect = nova(identityUrl);
  const endpoint = await openApiServer({ name: 'compute', service: compute, routes, policy, dialect, ...apiServer });
  const close = async () => {
    await Promise.all([endpoint.close(), proxy.close()]);
    await runner.close();
    await compute.presence.close();
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
  };
  return { compute, endpoint, close };
}

export const start: Start = async (runtime) => {
  const { cloud, config, session, apiServer, identityUrl, ...started } = startApi(runtime, 'compute', section, 'nova');
  const { bus, log } = runtime;
  const db = openDatabase(config.database || databaseOf(cloud, 'compute'));
  const consoleAt = listenAt(cloud, config.consoleListen);
  const consoleUrl =
    config.consoleUrl || `${cloud.publicScheme}://${cloud.publicAddress}:${consoleAt.port}/vnc_lite.html`;
  const clients = {
    images: imageClient(session),
    network: networkClient(session),
    volumes: volumeClient(session),
    placement: placementClient(session),
  };
  const opened = await openCompute({
    runtime: {
      db,
      bus,
      log,
      config,
      seal: openSeal(cloud, 'compute'),
      ...clients,
      cloud: { id: cloud.id, consoleUrl },
    },
    apiServer,
    identityUrl,
    host: cloud.host || hostname(),
    consoleAt,
  });
  const close = async () => {
    await opened.close();
    await started.close();
    await db.destroy();
  };
  return { close };
};
