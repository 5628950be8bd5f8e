import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { computeClient } from '#shared/clients/compute.ts';
import { imageClient } from '#shared/clients/image.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { volumeAgent } from '#shared/contracts/volume-agent.ts';
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
import { tasksEnded, type Volumes } from './context.ts';
import { cinder } from './dialect.ts';
import { listMarks } from './hosts/store.ts';
import { openMessages } from './messages.ts';
import { volumes as tables } from './migrations/001-volumes.ts';
import { transfers } from './migrations/002-transfers.ts';
import { frozen } from './migrations/003-frozen.ts';
import { closed } from './migrations/004-closed.ts';
import { listIndexes } from './migrations/005-list-indexes.ts';
import { nameIndexes } from './migrations/006-name-indexes.ts';
import { qosAndDefaultTypes } from './migrations/007-qos-and-default-types.ts';
import { groups } from './migrations/008-groups.ts';
import { backups } from './migrations/009-backups.ts';
import { encryption } from './migrations/010-encryption.ts';
import { moves } from './migrations/011-moves.ts';
import { backupKeys } from './migrations/012-backup-keys.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';
import { ensureType } from './types/store.ts';
import { workflows } from './workflows/all.ts';

/** What the service is built from; tests pass their own. */
export interface Parts {
  readonly runtime: Omit<Volumes, 'hosts' | 'copiers' | 'presence'>;
  readonly apiServer: ApiServer;
  readonly identityUrl: string;
}

const migrations = [
  tables,
  transfers,
  frozen,
  closed,
  listIndexes,
  nameIndexes,
  qosAndDefaultTypes,
  groups,
  backups,
  encryption,
  moves,
  backupKeys,
];

/** Assembles the service. The API opens last and closes first. */
export async function openVolumes({ runtime, apiServer, identityUrl }: Parts) {
  const { db, bus, log, cloud, config, seal } = runtime;
  const { answerMs, copyMs, pollMs, leaseMs, backoffMs, limit } = config;
  await migrate(db, migrations);
  await db.transaction((tx) => ensureType(tx, defaultType()));
  const hosts = hostsOf({ contract: volumeAgent, db, bus, answerMs, pollMs, seal });
  const copiers = hostsOf({ contract: volumeAgent, db, bus, answerMs: copyMs, pollMs, seal });
  const presence = openPresence({ read: () => listMarks(db), bus, log, hostDownMs: config.hostDownMs });
  const service: Volumes = { ...runtime, hosts, copiers, presence };
  const owner = `volume/${cloud.host || hostname()}`;
  const onEnded = () => bus.notify(tasksEnded);
  const runner = await startRunner({ service, db, log, workflows, owner, leaseMs, backoffMs, limit, pollMs, onEnded });
  const messages = openMessages(service, runner);
  const timers = openTimers(service);
  const dialect = cinder(identityUrl);
  const endpoint = await openApiServer({ name: 'volume', service, routes, policy, dialect, ...apiServer });
  const close = async () => {
    await endpoint.close();
    await runner.close();
    for (const off of messages) off();
    await Promise.all([presence, ...timers].map((each) => each.close()));
  };
  return { service, endpoint, close };
}

export const start: Start = async (runtime) => {
  const { cloud, config, session, apiServer, identityUrl, ...started } = startApi(runtime, 'volume', section, 'cinder');
  const { bus, log } = runtime;
  const db = openDatabase(config.database || databaseOf(cloud, 'volume'));
  const seal = openSeal(cloud, 'volume');
  const clients = { images: imageClient(session), compute: computeClient(session) };
  const parts = { db, bus, log, cloud, config, ...clients, seal };
  const opened = await openVolumes({ runtime: parts, apiServer, identityUrl });
  const close = async () => {
    await opened.close();
    await started.close();
    await db.destroy();
  };
  return { close };
};

/** The type of volumes created without one; inserted at the first start. */
const defaultType = () => ({
  id: randomUUID(),
  name: '__DEFAULT__',
  description: 'Default Volume Type',
  isPublic: true,
  extraSpecs: {},
  qosSpecsId: null,
  createdAt: Date.now(),
});
