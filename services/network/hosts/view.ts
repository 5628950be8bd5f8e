import { shortTime } from '#shared/api/times.ts';
import type { Network } from '../context.ts';
import type { Refusal } from '../host-sync/store.ts';
import type { Host } from './store.ts';

/** Each host has a single agent, with all functions. */
/** `refused` has the specs that it did not apply as they were sent. */
export const agentView = (network: Network, host: Host, refused: readonly Refusal[]) => ({
  id: host.hostId,
  agent_type: 'Wattle network agent',
  binary: 'wattle-network-agent',
  topic: 'network',
  host: host.host,
  availability_zone: host.availabilityZone,
  admin_state_up: host.adminStateUp,
  alive: network.presence.isUp({ host: host.host, reportedAt: host.seenAt }),
  created_at: shortTime(host.firstSeenAt),
  started_at: shortTime(host.firstSeenAt),
  heartbeat_timestamp: shortTime(host.seenAt),
  description: host.description,
  configurations: {
    driver: host.driver,
    tunnel_address: host.tunnelAddress,
    hostname: host.hostname,
    features: host.features,
    gateway_weight: host.gatewayWeight,
    physical_networks: host.physicalNetworks,
    unfit: host.unfit,
    refused: refused.map(({ kind, subject, parts }) => ({ kind, id: subject, parts })),
  },
  resources_synced: null,
});
