import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import type { Config } from '../config.ts';
import { usedBy } from '../usages/store.ts';
import { type Limits, limitsOf } from './store.ts';

/** The limits of a project without changes; -1 is unlimited. */
export const defaultLimits = (config: Config): Limits => ({
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

/** The quota class with an administrator's changes to the defaults. */
export const defaultClass = 'class:default';

export async function currentDefaults(db: Knex, config: Config): Promise<Limits> {
  return { ...defaultLimits(config), ...(await limitsOf(db, defaultClass)) };
}

export async function limitsFor(db: Knex, config: Config, projectId: string): Promise<Limits> {
  return { ...(await currentDefaults(db, config)), ...(await limitsOf(db, projectId)) };
}

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
  tx: Knex,
  config: Config,
  projectId: string,
  { min, max }: ServerCount,
  { vcpus, ramMb }: ServerSize,
): Promise<number> {
  const limits = await limitsFor(tx, config, projectId);
  const used = await usedBy(tx, projectId);
  const room = (limit: number | undefined, taken: number, each: number) =>
    limit === undefined || limit < 0 || each === 0 ? max : Math.floor((limit - taken) / each);
  const fitting = Math.min(
    max,
    room(limits.instances, used.instances, 1),
    room(limits.cores, used.cores, vcpus),
    room(limits.ram, used.ram, ramMb),
  );
  if (fitting >= min) return fitting;
  const requested = { cores: vcpus * min, instances: min, ram: ramMb * min };
  const names = (['cores', 'instances', 'ram'] as const).filter((name) => {
    const limit = limits[name] ?? -1;
    return limit >= 0 && used[name] + requested[name] > limit;
  });
  const list = (values: Readonly<Record<string, number | undefined>>) => names.map((name) => values[name]).join(', ');
  const resources = names.join(', ');
  throw new Fault(
    403,
    'forbidden',
    `Quota exceeded for ${resources}: Requested ${list(requested)}, but already used ${list(used)} of ${list(limits)} ${resources}`,
  );
}
