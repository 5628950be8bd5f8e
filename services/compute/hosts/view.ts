import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { defaultZone } from '../aggregates/store.ts';
import { agentBinary, type Host, type ServiceRow } from './store.ts';

const usesUuids = (version: Version) => atLeast(version, '2.53');

export const zoneOfService = (service: ServiceRow, zones: ReadonlyMap<string, string>): string =>
  service.binary === agentBinary ? (zones.get(service.host) ?? defaultZone) : 'internal';

export const serviceView = (service: ServiceRow, zone: string, up: boolean, version: Version) => ({
  binary: service.binary,
  host: service.host,
  id: usesUuids(version) ? service.id : service.sequence,
  zone,
  status: service.disabled ? 'disabled' : 'enabled',
  state: up ? 'up' : 'down',
  updated_at: longTime(service.reportedAt),
  disabled_reason: service.disabledReason,
  ...(atLeast(version, '2.11') ? { forced_down: service.forcedDown } : {}),
});

export interface HostViewInput {
  readonly host: Host;
  readonly service: ServiceRow | undefined;
  readonly up: boolean;
  readonly used: { readonly vcpus: number; readonly ramMb: number; readonly count: number };
  readonly uptime?: string | null;
  readonly servers?: readonly { readonly id: string; readonly name: string }[];
}

const stateOf = ({ up, service }: HostViewInput) => ({
  state: up ? 'up' : 'down',
  status: service?.disabled ? 'disabled' : 'enabled',
});

export const briefHostView = (input: HostViewInput, version: Version) => ({
  id: usesUuids(version) ? input.host.id : input.host.sequence,
  hypervisor_hostname: input.host.name,
  ...stateOf(input),
  ...serversView(input, version),
});

/** From 2.75 on the key is present even when the list is empty. */
const serversView = ({ servers }: HostViewInput, version: Version) =>
  servers === undefined || (servers.length === 0 && !atLeast(version, '2.75'))
    ? {}
    : { servers: servers.map(({ id, name }) => ({ uuid: id, name })) };

export function hostView(input: HostViewInput, version: Version): Record<string, unknown> {
  const { host, service } = input;
  const { report } = host;
  return {
    ...briefHostView(input, version),
    hypervisor_type: report.hypervisor.type,
    hypervisor_version: report.hypervisor.version,
    host_ip: report.address,
    service: {
      id: (usesUuids(version) ? service?.id : service?.sequence) ?? null,
      host: host.name,
      disabled_reason: service?.disabledReason ?? null,
    },
    ...(atLeast(version, '2.88')
      ? { uptime: input.uptime ?? null }
      : { ...roomView(input), ...cpuView(input, version) }),
  };
}

const cpuView = ({ host: { report } }: HostViewInput, version: Version) => {
  const { arch, model, features } = report.cpu;
  const topology = { cores: report.vcpus, threads: 1, sockets: 1 };
  const info = { arch, model, vendor: '', features, topology };
  return { cpu_info: atLeast(version, '2.28') ? info : JSON.stringify(info) };
};

const roomView = ({ host: { report }, used }: HostViewInput) => ({
  vcpus: report.vcpus,
  memory_mb: report.ramMb,
  local_gb: report.diskGb,
  vcpus_used: used.vcpus,
  memory_mb_used: used.ramMb,
  local_gb_used: Math.max(0, report.diskGb - report.freeDiskGb),
  free_ram_mb: report.ramMb - used.ramMb,
  free_disk_gb: report.freeDiskGb,
  current_workload: 0,
  running_vms: used.count,
  disk_available_least: report.freeDiskGb,
});

/** The sums of hypervisor statistics, until 2.87. */
export function sumView(input: readonly HostViewInput[]): Record<string, number> {
  const sums: Record<string, number> = { count: input.length };
  for (const each of input)
    for (const [name, value] of Object.entries(roomView(each))) sums[name] = (sums[name] ?? 0) + value;
  const { vcpus = 0, memory_mb = 0, local_gb = 0, ...rest } = sums;
  return { vcpus, memory_mb, local_gb, ...rest };
}
