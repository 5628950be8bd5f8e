import { type ComputeClient, computeClient } from '#shared/clients/compute.ts';
import { type IdentityClient, identityClient } from '#shared/clients/identity.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { networkAgent } from '#shared/contracts/network-agent.ts';
import { openGroupCommit } from '#shared/db/group-commit.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { hostsOf } from '#shared/hosts/hosts.ts';
import { openPresence } from '#shared/hosts/presence.ts';
import { type ApiServer, openApiServer } from '#shared/service/api-server.ts';
import type { Start } from '#shared/service/runtime.ts';
import { startApi } from '#shared/service/start-api.ts';
import { section } from './config.ts';
import type { Network } from './context.ts';
import { neutron } from './dialect.ts';
import { openEventSender } from './events/send-events.ts';
import { listTimedLeases } from './gateways/store.ts';
import { openReconciler } from './host-sync/reconciler.ts';
import { listMarks } from './hosts/store.ts';
import { openMessages } from './messages.ts';
import { network as networkTables } from './migrations/001-network.ts';
import { subnetPools } from './migrations/002-subnet-pools.ts';
import { quotaLocks } from './migrations/003-quota-locks.ts';
import { addressScopes } from './migrations/004-address-scopes.ts';
import { refusals } from './migrations/005-refusals.ts';
import { availabilityZones } from './migrations/006-availability-zones.ts';
import { rbacPolicies } from './migrations/007-rbac-policies.ts';
import { portBindings } from './migrations/008-port-bindings.ts';
import { groupRules } from './migrations/009-group-rules.ts';
import { portForwardings } from './migrations/010-port-forwardings.ts';
import { gateways } from './migrations/020-gateways.ts';
import { qos } from './migrations/021-qos.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { openTimers } from './timers.ts';

/** Beside the difference between the rates of two clocks. */
const leaseMarginMs = 500;

/** The dependencies of this service; tests pass their own. */
export interface Parts {
  readonly runtime: Omit<Network, 'hosts' | 'groupCommit' | 'presence' | 'leases' | 'projectExists'>;
  readonly apiServer: ApiServer;
  readonly identityUrl: string;
  readonly identity: IdentityClient;
  readonly compute: Pick<ComputeClient, 'sendEvents'>;
}

/** Starts the service. The API server starts last and closes first. */
export async function openNetwork({ runtime, apiServer, identityUrl, identity, compute }: Parts) {
  const { db, bus, log, config } = runtime;
  await migrate(db, [
    ...[networkTables, subnetPools, quotaLocks, addressScopes, refusals, availabilityZones],
    ...[rbacPolicies, portBindings, groupRules, portForwardings, gateways, qos],
  ]);
  const hosts = hostsOf({ contract: networkAgent, db, bus, ...config });
  const network: Network = {
    ...runtime,
    hosts,
    presence: openPresence({ read: () => listMarks(db), bus, log, hostDownMs: config.hostDownMs }),
    leases: openPresence({
      read: () => listTimedLeases(db),
      ...{ bus, log, what: 'leases of routers' },
      hostDownMs: config.gatewayLeaseMs + leaseMarginMs,
    }),
    groupCommit: openGroupCommit(db),
    projectExists: identity.projectExists,
  };
  const reconciler = openReconciler(network);
  const events = openEventSender(network, compute);
  const messages = openMessages(network);
  const timers = openTimers(network, identity);
  const dialect = neutron(identityUrl);
  const endpoint = await openApiServer({ name: 'network', service: network, routes, policy, dialect, ...apiServer });
  const close = async () => {
    await endpoint.close();
    await Promise.all([network.presence, network.leases, ...timers].map((each) => each.close()));
    for (const off of messages) off();
    await Promise.all([reconciler.close(), events.close()]);
  };
  return { network, endpoint, close };
}

export const start: Start = async (runtime) => {
  const { cloud, config, session, apiServer, identityUrl, ...begun } = startApi(runtime, 'network', section, 'neutron');
  const { bus, log } = runtime;
  const db = openDatabase(config.database || databaseOf(cloud, 'network'));
  const opened = await openNetwork({
    runtime: { db, bus, log, config, cloudId: cloud.id },
    apiServer,
    identityUrl,
    identity: identityClient(session),
    compute: computeClient(session),
  });
  const close = async () => {
    await opened.close();
    await begun.close();
    await db.destroy();
  };
  return { close };
};
