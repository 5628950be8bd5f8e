/** Chooses the host of a server: collects data from placement and host reports for the scheduler. */
import { Fault } from '#shared/errors/fault.ts';
import { defaultZone, zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { whyAvoided } from '../hosts/states.ts';
import { agentBinary, type Host, listHosts, listServices } from '../hosts/store.ts';
import type { Explanation } from '../scheduling-decisions/store.ts';
import type { Server } from '../servers/store.ts';
import { findHostsOf } from '../usages/store.ts';
import { choose, describeHosts, noValidHost } from './scheduler/choose.ts';
import type { Candidate, Requirements, Room } from './scheduler/filters.ts';

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
  const wanted = { ...requirementsOf(server), leaves };
  const unreported = (await listHosts(compute.db)).find(({ placed }) => placed === null);
  const offered = await compute.placement.candidates(wanted.resources);
  const hosts = await candidatesOf(compute, wanted, offered);
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

function requirementsOf(server: Server): Omit<Requirements, 'leaves'> {
  const { hints, image, wantedZone, wantedHost } = server;
  return {
    resources: resourcesOf(server),
    zone: wantedZone,
    host: wantedHost,
    arch: image?.properties.hw_architecture ?? image?.properties.architecture ?? null,
    differentFrom: idsOf(hints.different_host),
    sameAs: idsOf(hints.same_host),
  };
}

const idsOf = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

type Offered = ReadonlyMap<string, Readonly<Record<string, Room>>>;

async function candidatesOf(compute: Compute, wanted: Requirements, offered: Offered): Promise<Candidate[]> {
  const { db } = compute;
  const [hosts, services, zones] = await Promise.all([
    listHosts(db),
    listServices(db, { binary: agentBinary }),
    zonesOf(db),
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
    };
  });
}

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
