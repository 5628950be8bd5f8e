/** Chooses the host of a server: collects data from placement and host reports for the scheduler. */
import { Fault } from '#shared/errors/fault.ts';
import { defaultZone, listAggregates, zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { whyAvoided } from '../hosts/states.ts';
import { agentBinary, type Host, listHosts, listServices } from '../hosts/store.ts';
import type { Explanation } from '../scheduling-decisions/store.ts';
import { findGroup } from '../server-groups/store.ts';
import type { Server } from '../servers/store.ts';
import { findHostsOf, type HostUsage, usedOnHosts } from '../usages/store.ts';
import { membersOn } from './group-policy.ts';
import { choose, describeHosts, noValidHost } from './scheduler/choose.ts';
import type { Candidate, Requirements, Room } from './scheduler/filters.ts';
import type { HostValues } from './scheduler/hints.ts';

export interface RankedHosts {
  readonly explanation: Explanation;
  /** Ranked hosts: name to resource provider id. */
  readonly providers: Readonly<Record<string, string>>;
  readonly zones: Readonly<Record<string, string>>;
}

/** The allocation of a server, by its flavor, which includes blank disks. Volumes are not counted. */
export function resourcesOf({ flavor, imageId, image }: Server): Record<string, number> {
  const rootGb = imageId === null ? 0 : Math.max(flavor.diskGb, flavor.diskGb === 0 ? (image?.sizeGb ?? 0) : 0);
  const diskGb = rootGb + flavor.ephemeralGb + Math.ceil(flavor.swapMb / 1024);
  return { VCPU: flavor.vcpus, MEMORY_MB: flavor.ramMb, ...(diskGb > 0 ? { DISK_GB: diskGb } : {}) };
}

/** Best hosts first; throws NoValidHost with an explanation when there is none. */
export async function rankHosts(compute: Compute, server: Server, leaves: string | null = null): Promise<RankedHosts> {
  const members = server.groupId === null ? none : await membersOn(compute.db, server.groupId, server.id);
  const wanted = { ...requirementsOf(server), leaves, group: await groupOf(compute, server, members) };
  const unreported = (await listHosts(compute.db)).find(({ placed }) => placed === null);
  const offered = await compute.placement.candidates(wanted.resources);
  const hosts = await candidatesOf(compute, wanted, offered, members);
  const explanation = choose(wanted, hosts);
  if (explanation.chosen === null && unreported) throw new Error(`host ${unreported.name} is not in placement yet`);
  if (explanation.chosen === null) throw new NoValidHost(await withCapacities(compute, wanted, hosts));
  const ranked = hosts.filter(({ name }) => explanation.ranked.includes(name));
  return {
    explanation,
    providers: Object.fromEntries(ranked.map(({ name, hostId }) => [name, hostId])),
    zones: Object.fromEntries(ranked.map(({ name, zone }) => [name, zone])),
  };
}

export class NoValidHost extends Fault {
  readonly explanation: Explanation;
  constructor(explanation: Explanation, beside?: string) {
    super(500, 'noValidHost', noValidHost(explanation), { details: describeHosts(explanation, beside) });
    this.explanation = explanation;
  }
}

const none: ReadonlyMap<string, number> = new Map();

async function groupOf({ db }: Compute, { groupId }: Server, members: ReadonlyMap<string, number>) {
  const group = groupId === null ? undefined : await findGroup(db, groupId);
  if (!group) return null;
  return { policy: group.policy, most: group.rules.max_server_per_host ?? 1, placed: members.size > 0 };
}

function requirementsOf(server: Server): Omit<Requirements, 'leaves' | 'group'> {
  const { hints, image, wantedZone, wantedHost } = server;
  return {
    resources: resourcesOf(server),
    zone: wantedZone,
    host: wantedHost,
    arch: image?.properties.hw_architecture ?? image?.properties.architecture ?? null,
    differentFrom: idsOf(hints.different_host),
    sameAs: idsOf(hints.same_host),
    hints,
    extraSpecs: server.flavor.extraSpecs,
  };
}

const idsOf = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

type Offered = ReadonlyMap<string, Readonly<Record<string, Room>>>;

async function candidatesOf(
  compute: Compute,
  wanted: Requirements,
  offered: Offered,
  members: ReadonlyMap<string, number>,
): Promise<Candidate[]> {
  const { db } = compute;
  const [hosts, services, zones, aggregates, used] = await Promise.all([
    listHosts(db),
    listServices(db, { binary: agentBinary }),
    zonesOf(db),
    listAggregates(db),
    wanted.hints.query === undefined ? new Map<string, HostUsage>() : usedOnHosts(db),
  ]);
  const named = [...wanted.differentFrom, ...wanted.sameAs];
  const servers = Map.groupBy(named.length > 0 ? await findHostsOf(db, named) : [], ({ host }) => host);
  return hosts.map((host) => {
    const service = services.find((each) => each.host === host.name);
    return {
      name: host.name,
      hostId: host.id,
      zone: zones.get(host.name) ?? defaultZone,
      enabled: !(service?.disabled ?? false),
      disabledReason: service?.disabledReason ?? null,
      down: service ? whyAvoided(compute, service) : null,
      arch: host.report.cpu.arch,
      offered: offered.has(host.id),
      rooms: offered.get(host.id) ?? {},
      servers: (servers.get(host.name) ?? []).map(({ id }) => id),
      members: members.get(host.name) ?? 0,
      address: host.report.address,
      values: valuesOf(host, used.get(host.name)),
      aggregates: aggregates.filter(({ hosts: of }) => of.includes(host.name)).map(({ metadata }) => metadata),
    };
  });
}

/** What hints and extra specs may ask of a host. */
const valuesOf = ({ name, report }: Host, used: HostUsage = { vcpus: 0, ramMb: 0, count: 0 }): HostValues => ({
  $host: name,
  $hypervisor_hostname: name,
  $hypervisor_type: report.hypervisor.type,
  $hypervisor_version: report.hypervisor.version,
  $free_ram_mb: report.ramMb - used.ramMb,
  $total_usable_ram_mb: report.ramMb,
  $free_disk_mb: report.freeDiskGb * 1024,
  $total_usable_disk_gb: report.diskGb,
  $vcpus_total: report.vcpus,
  $vcpus_used: used.vcpus,
  $num_instances: used.count,
  '$cpu_info:arch': report.cpu.arch,
  '$cpu_info:model': report.cpu.model,
  '$cpu_info:features': report.cpu.features.join(','),
});

/** Adds the capacity of hosts that placement did not offer, for the numbers in a refusal. */
async function withCapacities(
  { placement }: Compute,
  wanted: Requirements,
  hosts: readonly Candidate[],
): Promise<Explanation> {
  const known = await Promise.all(
    hosts.map(async (host) =>
      host.offered ? host : { ...host, rooms: (await placement.usageOfProvider(host.hostId)) ?? {} },
    ),
  );
  return choose(wanted, known);
}

/** The placement inventory of a host. */
export function inventoryOf({ config }: Compute, { report }: Pick<Host, 'report'>) {
  const of = (total: number, reserved: number, ratio: number) => ({
    total,
    reserved: Math.min(reserved, total - 1),
    min_unit: 1,
    max_unit: total,
    step_size: 1,
    allocation_ratio: ratio,
  });
  return {
    VCPU: of(report.vcpus, 0, config.cpuRatio),
    MEMORY_MB: of(report.ramMb, config.reservedRamMb, config.ramRatio),
    DISK_GB: of(Math.max(1, report.diskGb), config.reservedDiskGb, config.diskRatio),
  };
}
