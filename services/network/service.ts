import { type ComputeClient, computeClient } from '#shared/clients/compute.ts';
import type { Session } from '#shared/clients/session.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { networkAgent } from '#shared/contracts/network-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openTogether } from '#shared/db/together.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { beginApi } from '#shared/service/begin.ts';
import { type Doorway, openDoor } from '#shared/service/door.ts';
import type { Start } from '#shared/service/ground.ts';
import { section } from './config.ts';
import type { Network } from './context.ts';
import { neutron } from './dialect.ts';
import { openTelling } from './events/tell.ts';
import { openMessages } from './messages.ts';
import { network as networkTables } from './migrations/001-network.ts';
import { subnetPools } from './migrations/002-subnet-pools.ts';
import { quotaLocks } from './migrations/003-quota-locks.ts';
import { policy } from './policy.ts';
import { projectsOf } from './projects/existence.ts';
import { routes } from './routes.ts';
import { openPump } from './statements/pump.ts';
import { openTimers } from './timers.ts';

/** What this service stands on; a test brings its own. */
export interface Parts {
  readonly ground: Omit<Network, 'hosts' | 'together' | 'projectExists'>;
  readonly doorway: Doorway;
  readonly identityUrl: string;
  readonly session: Session;
  readonly compute: ComputeClient;
}

/** Puts the parts together. The doors open last and close first. */
export async function openNetwork({ ground, doorway, identityUrl, session, compute }: Parts) {
  const { db, bus, config } = ground;
  await migrate(db, [networkTables, subnetPools, quotaLocks]);
  const hosts = hostsOf({ contract: networkAgent, db, bus, ...config });
  const network: Network = { ...ground, hosts, together: openTogether(db), projectExists: projectsOf(session) };
  const pump = openPump(network);
  const telling = openTelling(network, compute);
  const messages = openMessages(network);
  const timers = openTimers(network, session);
  const dialect = neutron(identityUrl);
  const door = await openDoor({ name: 'network', service: network, routes, policy, dialect, ...doorway });
  const close = async () => {
    await door.close();
    await Promise.all(timers.map((timer) => timer.close()));
    for (const off of messages) off();
    await Promise.all([pump.close(), telling.close()]);
  };
  return { network, door, close };
}

export const start: Start = async (ground) => {
  const { cloud, config, session, doorway, identityUrl, ...begun } = beginApi(ground, 'network', section, 'neutron');
  const { bus, log } = ground;
  const db = openDatabase(config.database || databaseOf(cloud, 'network'));
  const opened = await openNetwork({
    ground: { db, bus, log, config, cloudId: cloud.id },
    doorway,
    identityUrl,
    session,
    compute: computeClient(session),
  });
  const close = async () => {
    await opened.close();
    await begun.close();
    await db.destroy();
  };
  return { close };
};
