import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { isTrue } from '../listing/values.ts';
import { defaultLimits, limitsOf, usageOf } from './operations.ts';
import { deleteLimits, type Limits, upsertDefaultLimits, upsertLimits } from './store.ts';

export const showQuota: Handler<Volumes> = async ({ db }, { caller, params, query }) => {
  const { id = '' } = params;
  if (!isAdmin(caller) && id !== caller.projectId)
    throw forbidden("Policy doesn't allow volume_extension:quotas:show to be performed.");
  const limits = await limitsOf(db, id);
  if (!isTrue(query.usage ?? 'false')) return ok({ quota_set: { ...limits, id } });
  const used = await usageOf(db, id);
  const detailed = Object.entries(limits).map(([key, limit]) => [key, { limit, in_use: used[key] ?? 0, reserved: 0 }]);
  return ok({ quota_set: { ...Object.fromEntries(detailed), id } });
};

export const showDefaultQuota: Handler<Volumes> = async ({ db }, { params }) =>
  ok({ quota_set: { ...(await defaultLimits(db)), id: params.id } });

interface Input {
  readonly [resource: string]: number | string | boolean | null;
}

/** Accepts integers of at least -1, for known resources only. */
async function parseLimits(db: Volumes['db'], input: Input): Promise<Limits> {
  const known = await defaultLimits(db);
  const entries = Object.entries(input).filter(
    ([key]) => !['tenant_id', 'project_id', 'skip_validation', 'class_name', 'force', 'id'].includes(key),
  );
  const bad = entries.filter(([key]) => !Object.hasOwn(known, key)).map(([key]) => key);
  if (bad.length > 0) throw badRequest(`Bad key(s) in quota set: ${bad.join(',')}`);
  const limits = entries.map(([key, value]) => [key, Number(value)] as const);
  const wrong = limits.find(([, limit]) => !Number.isInteger(limit) || limit < -1 || limit > 2 ** 31 - 1);
  if (wrong)
    throw badRequest(
      `Invalid input for field/attribute ${wrong[0]}. Value: ${input[wrong[0]]}. It must be an integer from -1 on.`,
    );
  return Object.fromEntries(limits);
}

export const updateQuota: Handler<Volumes, { quota_set: Input }> = async ({ db }, { params, body }) => {
  const { id = '' } = params;
  const limits = await parseLimits(db, body.quota_set);
  await db.transaction((tx) => upsertLimits(tx, id, limits));
  return ok({ quota_set: await limitsOf(db, id) });
};

export const deleteQuota: Handler<Volumes> = async ({ db }, { params }) => {
  await deleteLimits(db, params.id ?? '');
  return ok(undefined);
};

export const showQuotaClass: Handler<Volumes> = async ({ db }, { params }) =>
  ok({ quota_class_set: { ...(await defaultLimits(db)), id: params.id } });

export const updateQuotaClass: Handler<Volumes, { quota_class_set: Input }> = async ({ db }, { body }) => {
  const limits = await parseLimits(db, body.quota_class_set);
  await db.transaction((tx) => upsertDefaultLimits(tx, limits));
  return ok({ quota_class_set: await defaultLimits(db) });
};

/** Limits and usage. From 3.39 an administrator may query another project. */
export const showLimits: Handler<Volumes> = async ({ db }, { caller, query, version }) => {
  const { project_id: asked } = query;
  const isOther =
    atLeast(version, '3.39') && isAdmin(caller) && asked !== undefined && asked !== '' && asked !== 'None';
  const projectId = isOther ? asked : (caller.projectId ?? '');
  const [limits, used] = [await limitsOf(db, projectId), await usageOf(db, projectId)];
  const absolute = {
    maxTotalVolumes: limits.volumes,
    maxTotalSnapshots: limits.snapshots,
    maxTotalVolumeGigabytes: limits.gigabytes,
    maxTotalBackups: limits.backups,
    maxTotalBackupGigabytes: limits.backup_gigabytes,
    totalVolumesUsed: used.volumes,
    totalGigabytesUsed: used.gigabytes,
    totalSnapshotsUsed: used.snapshots,
    totalBackupsUsed: 0,
    totalBackupGigabytesUsed: 0,
  };
  return ok({ limits: { rate: [], absolute } });
};
