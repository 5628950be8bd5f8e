import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { quotas } from '#shared/resource/quota.ts';
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
  const list = (value: (name: (typeof resources)[number]) => number | undefined) => exceeded.map(value).join(', ');
  const names = exceeded.join(', ');
  throw new Fault(
    403,
    'forbidden',
    `Quota exceeded for ${names}: Requested ${list((name) => each[name] * min)}, but already used ${list((name) => used[name])} of ${list((name) => limits[name])} ${names}`,
  );
}
