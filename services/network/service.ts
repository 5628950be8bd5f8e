/** Puts the parts together. The doors open last and close first. */
import type { Knex } from 'knex';
import type { Identify } from '#shared/auth/trust.ts';
import { type ComputeClient, computeClient } from '#shared/clients/compute.ts';
import type { Session } from '#shared/clients/session.ts';
import { databaseOf, listenAt, loginUrlOf, readCloud } from '#shared/config/cloud.ts';
import { networkAgent } from '#shared/contracts/network-agent.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openTogether } from '#shared/db/together.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openDoor } from '#shared/service/door.ts';
import type { Ground, Start } from '#shared/service/ground.ts';
import { sessionOf } from '#shared/service/session.ts';
import { watchTrust } from '#shared/service/trust.ts';
import { section } from './config.ts';
import type { Config, Network } from './context.ts';
import { neutron } from './dialect.ts';
import { openTelling } from './events/tell.ts';
import { openMessages } from './messages.ts';
import { network as networkTables } from './migrations/001-network.ts';
import { subnetPools } from './migrations/002-subnet-pools.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openPump } from './statements/pump.ts';
import { openTimers } from './timers.ts';

export interface Parts extends Pick<Ground, 'bus' | 'log'> {
  readonly db: Knex;
  readonly config: Config;
  readonly cloudId: string;
  readonly at: { readonly host: string; readonly port: number };
  readonly session: Session;
  readonly compute: ComputeClient;
  readonly identify: Identify;
  /** Where a caller without a token is sent. */
  readonly identityUrl: string;
}

export async function startNetwork({ at, session, compute, identify, identityUrl, ...parts }: Parts) {
  const { db, bus, log, config } = parts;
  await migrate(db, [networkTables, subnetPools]);
  const hosts = hostsOf({ contract: networkAgent, db, bus, ...config });
  const network: Network = { ...parts, hosts, together: openTogether(db) };
  const pump = openPump(network);
  const telling = openTelling(network, compute);
  const messages = openMessages(network);
  const timers = openTimers(network, session);
  const door = await openDoor({
    name: 'network',
    service: network,
    routes,
    policy,
    dialect: neutron(identityUrl),
    identify,
    log,
    at,
  });
  const close = async () => {
    await door.close();
    await timers.close();
    for (const off of messages) off();
    await Promise.all([pump.close(), telling.close()]);
  };
  return { network, url: door.url, close };
}

export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('network', section);
  const db = openDatabase(databaseOf(cloud, 'network'));
  const session = sessionOf(cloud, 'neutron');
  const trust = watchTrust({ session, bus, log });
  const at = listenAt(cloud, config.listen);
  const compute = computeClient(session);
  const identityUrl = loginUrlOf(cloud);
  const own = { db, bus, log, config, cloudId: cloud.id, at };
  const started = await startNetwork({ ...own, session, compute, identify: trust.identify, identityUrl });
  const close = async () => {
    await started.close();
    await trust.close();
    await db.destroy();
  };
  return { close };
};
