/** Hosts, and what of them does not run, as the page shows them. */

export interface HypervisorBody {
  readonly hypervisor_hostname: string;
  readonly state: string;
  readonly status: string;
  readonly vcpus: number;
  readonly vcpus_used: number;
  readonly memory_mb: number;
  readonly memory_mb_used: number;
  readonly local_gb: number;
  readonly local_gb_used: number;
  readonly running_vms: number;
  readonly service: { readonly disabled_reason?: string | null };
}

/** Of compute and of volume; the host of a volume service is `host@pool`. */
export interface ServiceBody {
  readonly binary: string;
  readonly host: string;
  readonly status: string;
  readonly state: string;
  readonly updated_at: string | null;
}

export interface AgentBody {
  readonly binary: string;
  readonly host: string;
  readonly alive: boolean;
  readonly heartbeat_timestamp: string;
}

interface Amount {
  readonly used: number;
  readonly total: number;
}

export interface Host {
  readonly name: string;
  /** `closed` hosts run what they have, and get no new machine. */
  readonly state: 'up' | 'down' | 'closed';
  readonly reason: string | null;
  readonly machines: number;
  readonly cores: Amount;
  readonly ram_mb: Amount;
  readonly disk_gb: Amount;
}

export interface Rack {
  readonly hosts: readonly Host[];
  /** Parts of the cloud that do not answer, with the time of their last sign of life. */
  readonly down: readonly { readonly part: string; readonly host: string; readonly since: string | null }[];
}

const hostView = (body: HypervisorBody): Host => ({
  name: body.hypervisor_hostname,
  state: body.state !== 'up' ? 'down' : body.status === 'enabled' ? 'up' : 'closed',
  reason: body.service.disabled_reason ?? null,
  machines: body.running_vms,
  cores: { used: body.vcpus_used, total: body.vcpus },
  ram_mb: { used: body.memory_mb_used, total: body.memory_mb },
  disk_gb: { used: body.local_gb_used, total: body.local_gb },
});

export function rackView(
  hypervisors: readonly HypervisorBody[],
  services: readonly ServiceBody[],
  agents: readonly AgentBody[],
): Rack {
  const silent = services.filter(({ state }) => state !== 'up');
  const dead = agents.filter(({ alive }) => !alive);
  return {
    hosts: hypervisors.map(hostView).toSorted((a, b) => a.name.localeCompare(b.name)),
    down: [
      ...silent.map(({ binary: part, host, updated_at: since }) => ({ part, host, since })),
      ...dead.map(({ binary: part, host, heartbeat_timestamp: since }) => ({ part, host, since })),
    ],
  };
}
