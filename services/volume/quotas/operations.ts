/** Limits and usage of a project, in all and per volume type. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { type Excess, type Limits, quotas } from '#shared/resource/quota.ts';
import { backupUsage } from '../backups/store.ts';
import { countGroups } from '../groups/store.ts';
import { typeNames } from '../types/store.ts';
import { usageByType } from '../volumes/store.ts';

/** The limits of a project; -1 is unlimited. */
const cloud = {
  volumes: 10,
  per_volume_gigabytes: -1,
  snapshots: 10,
  gigabytes: 1000,
  backups: 10,
  backup_gigabytes: 1000,
  groups: 10,
};
const perType = ['volumes', 'gigabytes', 'snapshots'] as const;

interface Database {
  readonly db: Knex;
}

async function cloudLimits({ db }: Database): Promise<Limits> {
  const names = [...(await typeNames(db)).values()];
  const typed = names.flatMap((name) => perType.map((what) => [`${what}_${name}`, -1]));
  return { ...Object.fromEntries(typed), ...cloud };
}

async function used({ db }: Database, projectId: string): Promise<Limits> {
  const names = await typeNames(db);
  const sums: Record<string, number> = { volumes: 0, gigabytes: 0, snapshots: 0, per_volume_gigabytes: 0 };
  for (const what of ['volumes', 'snapshots'] as const)
    for (const { typeId, count, gigabytes } of await usageByType(db, what, projectId))
      for (const suffix of ['', `_${names.get(typeId)}`]) {
        sums[what + suffix] = (sums[what + suffix] ?? 0) + count;
        sums[`gigabytes${suffix}`] = (sums[`gigabytes${suffix}`] ?? 0) + gigabytes;
      }
  return { ...sums, groups: await countGroups(db, projectId), ...(await backupUsage(db, projectId)) };
}

const lock = { table: 'quotaTurns', key: 'projectId' };
export const volumeQuotas = quotas<Database>({ column: 'hardLimit', lock, cloud: cloudLimits, used });

/** Serializes quota checks of a project until the end of the transaction. */
export const lockProject = (tx: Knex, projectId: string) => volumeQuotas.lock({ db: tx }, projectId);

export interface QuotaRequest {
  readonly projectId: string;
  readonly typeId: string;
  readonly volumes?: number;
  readonly snapshots?: number;
  readonly gigabytes: number;
  /** The size of the volume, checked against per_volume_gigabytes. */
  readonly volumeGb?: number;
  /** Check only the limits of the type: the volume already counts for the project (retype). */
  readonly ofTypeAlone?: boolean;
}

/** Throws 413 when a limit would be exceeded. Must run in the transaction that adds the resource. */
export async function reserveQuota(tx: Knex, request: QuotaRequest): Promise<void> {
  const { projectId, volumes = 0, snapshots = 0, gigabytes, volumeGb = 0, ofTypeAlone } = request;
  const name = (await typeNames(tx)).get(request.typeId) ?? '';
  const amounts = { per_volume_gigabytes: volumeGb, gigabytes, volumes, snapshots };
  const more = Object.entries(amounts).flatMap(([what, amount]) => [
    ...(ofTypeAlone ? [] : [[what, amount]]),
    [`${what}_${name}`, amount],
  ]);
  await volumeQuotas.reserve({ db: tx }, projectId, Object.fromEntries(more), overQuota);
}

/** Throws 413 when the project has as many groups as it may have. Must run in the transaction that adds one. */
export const reserveGroupQuota = (tx: Knex, projectId: string): Promise<void> =>
  volumeQuotas.reserve(
    { db: tx },
    projectId,
    { groups: 1 },
    ({ limit }) =>
      new Fault(413, 'tooLarge', `GroupLimitExceeded: Maximum number of groups allowed (${limit}) exceeded`, {
        headers: { 'Retry-After': '0' },
      }),
  );

/** Throws 413 when a limit of the project's backups would be exceeded. Must run in the transaction that adds one. */
export const reserveBackupQuota = (tx: Knex, projectId: string, sizeGb: number): Promise<void> =>
  volumeQuotas.reserve({ db: tx }, projectId, { backups: 1, backup_gigabytes: sizeGb }, overBackupQuota);

function overBackupQuota({ resource, limit, used: has, more }: Excess): Fault {
  const message =
    resource === 'backups'
      ? `Maximum number of backups allowed (${limit}) exceeded`
      : `Requested backup exceeds allowed Backup gigabytes quota. Requested ${more}G, quota is ${limit}G and ${has}G has been consumed.`;
  return new Fault(413, 'tooLarge', message, { headers: { 'Retry-After': '0' } });
}

function overQuota({ resource, limit, used: has, more }: Excess): Fault {
  const [, what = ''] = resource.match(/^(per_volume_gigabytes|gigabytes|volumes|snapshots)/) ?? [];
  const message = {
    per_volume_gigabytes: `Requested volume size ${more}G is larger than maximum allowed limit ${limit}G.`,
    gigabytes: `Requested volume or snapshot exceeds allowed ${resource} quota. Requested ${more}G, quota is ${limit}G and ${has}G has been consumed.`,
    volumes: `Maximum number of volumes allowed (${limit}) exceeded for quota '${resource}'.`,
    snapshots: `Maximum number of snapshots allowed (${limit}) exceeded`,
  }[what];
  return new Fault(413, 'tooLarge', message ?? '', { headers: { 'Retry-After': '0' } });
}
