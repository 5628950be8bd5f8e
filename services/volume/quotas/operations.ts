/** Limits and usage of a project. Usage is counted from the rows, so it cannot drift. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { snapshotsByType } from '../snapshots/store.ts';
import { typeNames } from '../types/store.ts';
import { volumesByType } from '../volumes/store.ts';
import { type Limits, lockProject, storedDefaults, storedLimits } from './store.ts';

/** All limits of a project, including those per volume type. */
export async function limitsOf(db: Knex, projectId: string): Promise<Limits> {
  return { ...(await defaultLimits(db)), ...(await storedLimits(db, projectId)) };
}

export async function defaultLimits(db: Knex): Promise<Limits> {
  const names = [...(await typeNames(db)).values()];
  const typed = names.flatMap((name) => ['volumes', 'gigabytes', 'snapshots'].map((what) => [`${what}_${name}`, -1]));
  return { ...Object.fromEntries(typed), ...(await storedDefaults(db)) };
}

export async function usageOf(db: Knex, projectId: string): Promise<Limits> {
  const names = await typeNames(db);
  const [volumes, snapshots] = [await volumesByType(db, projectId), await snapshotsByType(db, projectId)];
  const used: Record<string, number> = { volumes: 0, gigabytes: 0, snapshots: 0, per_volume_gigabytes: 0 };
  const add = (what: string, typeId: string, amount: number) => {
    for (const key of [what, `${what}_${names.get(typeId)}`]) used[key] = (used[key] ?? 0) + amount;
  };
  for (const { typeId, count, gigabytes } of volumes) {
    add('volumes', typeId, count);
    add('gigabytes', typeId, gigabytes);
  }
  for (const { typeId, count, gigabytes } of snapshots) {
    add('snapshots', typeId, count);
    add('gigabytes', typeId, gigabytes);
  }
  return used;
}

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
  await lockProject(tx, request.projectId);
  const [limits, used] = [await limitsOf(tx, request.projectId), await usageOf(tx, request.projectId)];
  const name = (await typeNames(tx)).get(request.typeId) ?? '';
  const perVolume = limits.per_volume_gigabytes ?? -1;
  if (perVolume >= 0 && (request.volumeGb ?? 0) > perVolume)
    throw overQuota(`Requested volume size ${request.volumeGb}G is larger than maximum allowed limit ${perVolume}G.`);
  for (const what of ['gigabytes', 'volumes', 'snapshots'] as const)
    for (const key of request.ofTypeAlone ? [`${what}_${name}`] : [what, `${what}_${name}`]) {
      const [limit, has, more] = [limits[key] ?? -1, used[key] ?? 0, request[what] ?? 0];
      if (limit >= 0 && more > 0 && has + more > limit)
        throw overQuota(overQuotaMessage[what]({ key, limit, has, more }));
    }
}

interface Excess {
  readonly key: string;
  readonly limit: number;
  readonly has: number;
  readonly more: number;
}

const overQuotaMessage = {
  gigabytes: ({ key, limit, has, more }: Excess) =>
    `Requested volume or snapshot exceeds allowed ${key} quota. Requested ${more}G, quota is ${limit}G and ${has}G has been consumed.`,
  volumes: ({ key, limit }: Excess) => `Maximum number of volumes allowed (${limit}) exceeded for quota '${key}'.`,
  snapshots: ({ limit }: Excess) => `Maximum number of snapshots allowed (${limit}) exceeded`,
};

const overQuota = (message: string) => new Fault(413, 'tooLarge', message, { headers: { 'Retry-After': '0' } });
