/** What runs and lies on a node, by what the services know of it. */
import type { Session } from '#shared/clients/session.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { NodeRow } from './registry/store.ts';

export interface Contents {
  readonly servers: readonly { readonly id: string; readonly name: string }[];
  readonly volumes: number;
  readonly routers: number;
  readonly partitions: number;
}

interface AgentService {
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly state: string;
  readonly status: string;
}

/** A compute microversion in which services have UUIDs. */
const modern = { 'openstack-api-version': 'compute 2.53' };

export async function contentsOf(admin: Session, { name, report }: NodeRow): Promise<Contents> {
  const host = encodeURIComponent(name);
  const [servers, volumes, ports] = await Promise.all([
    admin.json<{ servers: Contents['servers'] }>('compute', `/servers?all_tenants=1&host=${host}`),
    volumesOn(admin, name),
    admin.json<{ ports: { device_id: string }[] }>(
      'network',
      `/v2.0/ports?binding:host_id=${host}&device_owner=network:router_interface`,
    ),
  ]);
  const routers = new Set(ports.ports.map((port) => port.device_id)).size;
  return { servers: servers.servers, volumes, routers, partitions: report.partitions };
}

async function volumesOn(admin: Session, name: string): Promise<number> {
  try {
    const found = await admin.json<{ host: { resource: { volume_count: string; snapshot_count: string } }[] }>(
      'volumev3',
      `/os-hosts/${encodeURIComponent(name)}`,
    );
    const { volume_count: volumes = '0', snapshot_count: snapshots = '0' } = found.host[0]?.resource ?? {};
    return Number(volumes) + Number(snapshots);
  } catch (error) {
    if (error instanceof Fault && error.status === 404) return 0; // it has never reported volumes
    throw error;
  }
}

/** One sentence per kind of content; none for an empty node. */
export const describeContents = ({ servers, volumes, routers, partitions }: Contents): string[] => [
  ...(servers.length > 0
    ? [`${servers.length} servers: ${servers.map(({ name, id }) => `${name} (${id})`).join(', ')}`]
    : []),
  ...(volumes > 0 ? [`${volumes} volumes and snapshots`] : []),
  ...(routers > 0 ? [`${routers} routers`] : []),
  ...(partitions > 0 ? [`${partitions} partitions of the object ring`] : []),
];

/** The agents of all nodes, as compute, volume and network know them. */
export async function listAgents(admin: Session): Promise<AgentService[]> {
  const [compute, volume, network] = await Promise.all([
    admin.json<{ services: AgentService[] }>('compute', '/os-services?binary=nova-compute', { headers: modern }),
    admin.json<{ services: AgentService[] }>('volumev3', '/os-services?binary=cinder-volume'),
    admin.json<{ agents: { id: string; host: string; alive: boolean }[] }>('network', '/v2.0/agents'),
  ]);
  const volumes = volume.services.map((service) => ({ ...service, host: service.host.split('@')[0] ?? '' }));
  const networks = network.agents.map(({ id, host, alive }) => {
    const state = alive ? 'up' : 'down';
    return { id, host, binary: 'network-agent', state, status: 'enabled' };
  });
  return [...compute.services, ...volumes, ...networks];
}

/** Enables or disables what schedules on the node. Idempotent. */
export async function setScheduling(admin: Session, name: string, enabled: boolean): Promise<void> {
  const reason = enabled ? {} : { disabled_reason: 'drained by wattle' };
  const agents = (await listAgents(admin)).filter(({ host }) => host === name);
  for (const { id, binary } of agents) {
    if (binary === 'nova-compute') {
      const body = { status: enabled ? 'enabled' : 'disabled', ...reason };
      await admin.json('compute', `/os-services/${id}`, { method: 'PUT', body, headers: modern });
    }
    if (binary === 'cinder-volume') {
      const path = `/os-services/${enabled ? 'enable' : 'disable-log-reason'}`;
      await admin.json('volumev3', path, { method: 'PUT', body: { host: name, binary, ...reason } });
    }
  }
}

/** Deletes the rows of a node that has left, where the API has a way. */
export async function deleteAgents(admin: Session, name: string): Promise<void> {
  const agents = (await listAgents(admin)).filter(({ host }) => host === name);
  for (const { id, binary } of agents) {
    if (binary === 'nova-compute')
      await admin.json('compute', `/os-services/${id}`, { method: 'DELETE', headers: modern });
    if (binary === 'network-agent') await admin.json('network', `/v2.0/agents/${id}`, { method: 'DELETE' });
  }
}
