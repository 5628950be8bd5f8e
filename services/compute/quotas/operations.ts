import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { type Limits, quotas } from '#shared/resource/quota.ts';
import type { Config } from '../config.ts';
import { usedBy } from '../usages/store.ts';

interface Limited {
  readonly db: Knex;
  readonly config: Config;
}

/** What a project may have unless told: limits of networks are those of the network service. */
const cloud = ({ config }: Limited) => ({
  cores: config.cores,
  fixed_ips: -1,
  floating_ips: -1,
  injected_file_content_bytes: 10_240,
  injected_file_path_bytes: 255,
  injected_files: 5,
  instances: config.instances,
  key_pairs: config.keyPairs,
  metadata_items: config.metadataItems,
  ram: config.ramMb,
  security_group_rules: -1,
  security_groups: -1,
  server_group_members: config.serverGroupMembers,
  server_groups: config.serverGroups,
});

export const computeQuotas = quotas<Limited>({
  column: 'limit',
  lock: { table: 'projects', key: 'id' },
  cloud,
  used: async ({ db }, projectId) => usedBy(db, projectId),
});

interface ServerSize {
  readonly vcpus: number;
  readonly ramMb: number;
}
interface ServerCount {
  readonly min: number;
  readonly max: number;
}

/** How many of the requested servers fit the quota; throws Nova's 403 when less than `min` do. Must run with the project locked. */
export async function fittingServers(
  service: Limited,
  projectId: string,
  { min, max }: ServerCount,
  { vcpus, ramMb }: ServerSize,
): Promise<number> {
  const [limits, used] = [await computeQuotas.limits(service, projectId), await usedBy(service.db, projectId)];
  const each = { cores: vcpus, instances: 1, ram: ramMb };
  const resources = ['cores', 'instances', 'ram'] as const;
  const room = resources.map((name) => {
    const limit = limits[name] ?? -1;
    return limit < 0 || each[name] === 0 ? max : Math.floor((limit - used[name]) / each[name]);
  });
  const fitting = Math.min(max, ...room);
  if (fitting >= min) return fitting;
  const exceeded = resources.filter((_name, at) => (room[at] ?? max) < min);
  throw exceededFault(exceeded, (name) => each[name] * min, used, limits);
}

/** Throws Nova's 403 when a server may not become that much larger. Must run with the project locked. */
export async function checkGrowth(service: Limited, projectId: string, { vcpus, ramMb }: ServerSize): Promise<void> {
  const [limits, used] = [await computeQuotas.limits(service, projectId), await usedBy(service.db, projectId)];
  const growth = { cores: vcpus, ram: ramMb };
  const exceeded = (['cores', 'ram'] as const).filter((name) => {
    const limit = limits[name] ?? -1;
    return growth[name] > 0 && limit >= 0 && used[name] + growth[name] > limit;
  });
  if (exceeded.length > 0) throw exceededFault(exceeded, (name) => growth[name], used, limits);
}

function exceededFault<Name extends 'cores' | 'instances' | 'ram'>(
  exceeded: readonly Name[],
  requested: (name: Name) => number,
  used: Readonly<Record<Name, number>>,
  limits: Limits,
): Fault {
  const list = (value: (name: Name) => number | undefined) => exceeded.map(value).join(', ');
  const names = exceeded.join(', ');
  return new Fault(
    403,
    'forbidden',
    `Quota exceeded for ${names}: Requested ${list(requested)}, but already used ${list((name) => used[name])} of ${list((name) => limits[name])} ${names}`,
  );
}
