/** Quota sets and quota class sets, and the limits of a project with its usage. */
import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Limits } from '#shared/resource/quota.ts';
import { quotaSets, type SentLimits } from '#shared/resource/quota-sets.ts';
import type { Volumes } from '../context.ts';
import { isSet, isTrue } from '../listing/values.ts';
import { volumeQuotas } from './operations.ts';

const words = ['tenant_id', 'project_id', 'skip_validation', 'class_name', 'force', 'id'];

/** Accepts integers of at least -1, for known resources only. */
function parse(sent: SentLimits, known: Limits): Limits {
  const entries = Object.entries(sent).filter(([key]) => !words.includes(key));
  const bad = entries.filter(([key]) => !Object.hasOwn(known, key)).map(([key]) => key);
  if (bad.length > 0) throw badRequest(`Bad key(s) in quota set: ${bad.join(',')}`);
  const limits = entries.map(([key, value]) => [key, Number(value)] as const);
  const wrong = limits.find(([, limit]) => !Number.isInteger(limit) || limit < -1 || limit > 2 ** 31 - 1);
  if (wrong)
    throw badRequest(
      `Invalid input for field/attribute ${wrong[0]}. Value: ${sent[wrong[0]]}. It must be an integer from -1 on.`,
    );
  return Object.fromEntries(limits);
}

/** Limits and usage. From 3.39 an administrator may query another project. */
const showLimits: Handler<Volumes> = async (service, { caller, query, version, may }) => {
  const { project_id: asked } = query;
  const isOther = atLeast(version, '3.39') && may('context_is_admin') && isSet(asked);
  const projectId = isOther ? asked : (caller.projectId ?? '');
  const limits = await volumeQuotas.limits(service, projectId);
  const used = await volumeQuotas.used(service, projectId, []);
  const absolute = {
    maxTotalVolumes: limits.volumes,
    maxTotalSnapshots: limits.snapshots,
    maxTotalVolumeGigabytes: limits.gigabytes,
    maxTotalBackups: limits.backups,
    maxTotalBackupGigabytes: limits.backup_gigabytes,
    totalVolumesUsed: used.volumes,
    totalGigabytesUsed: used.gigabytes,
    totalSnapshotsUsed: used.snapshots,
    totalBackupsUsed: used.backups,
    totalBackupGigabytesUsed: used.backup_gigabytes,
  };
  return ok({ limits: { rate: [], absolute } });
};

const rule = 'volume_extension:quotas';
const classRule = 'volume_extension:quota_classes';

export const quotaRoutes: Route<Volumes>[] = [
  ...quotaSets<Volumes>({
    quotas: volumeQuotas,
    prefix: '',
    rules: {
      show: `${rule}:show`,
      update: `${rule}:update`,
      delete: `${rule}:delete`,
      defaults: `${rule}:show`,
      showClass: `${classRule}:get`,
      updateClass: `${classRule}:update`,
    },
    isDetailed: ({ usage = 'false' }) => isTrue(usage),
    removed: ok(undefined),
    parse,
  }),
  { method: 'get', path: '/limits', handler: showLimits, rule: 'limits_extension:used_limits' },
];
