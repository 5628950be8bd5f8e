/** Quota sets and quota class sets of projects, and their limits with usage. */

import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Limits } from '#shared/resource/quota.ts';
import { quotaSets } from '#shared/resource/quota-sets.ts';
import type { Compute } from '../context.ts';
import { usedBy } from '../usages/store.ts';
import { isTrue } from '../values.ts';
import { computeQuotas } from './operations.ts';

const networkKeys = ['fixed_ips', 'floating_ips', 'security_group_rules', 'security_groups'];
const fileKeys = ['injected_file_content_bytes', 'injected_file_path_bytes', 'injected_files'];
const groupKeys = ['server_groups', 'server_group_members'];

const without = (limits: Limits, ...hidden: readonly string[]): Limits =>
  Object.fromEntries(Object.entries(limits).filter(([name]) => !hidden.includes(name)));

/** File limits were removed in 2.57. */
const filesOf = (version: Version) => (atLeast(version, '2.57') ? fileKeys : []);

/** Network limits were removed in 2.36. */
const visible = (limits: Limits, version: Version): Limits =>
  without(limits, ...(atLeast(version, '2.36') ? networkKeys : []), ...filesOf(version));

/** Classes lost network limits, and got those of server groups, in 2.50. */
const visibleClass = (limits: Limits, version: Version): Limits =>
  without(limits, ...(atLeast(version, '2.50') ? networkKeys : groupKeys), ...filesOf(version));

async function checkNotBelowUse({ db }: Compute, id: string, limits: Limits): Promise<void> {
  const used: Limits = await usedBy(db, id);
  for (const [name, limit] of Object.entries(limits))
    if (limit >= 0 && (used[name] ?? 0) > limit)
      throw badRequest(
        `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${used[name]}.`,
      );
}

const showLimits: Handler<Compute> = async (compute, { caller, query, version, authorize }) => {
  const requested = query.tenant_id === undefined || query.tenant_id === 'None' ? undefined : query.tenant_id;
  const id = requested ?? caller.projectId ?? '';
  if (id !== caller.projectId) authorize('os_compute_api:limits:other_project');
  const [limits, used] = [await computeQuotas.limits(compute, id), await usedBy(compute.db, id)];
  const before = (until: Version, values: object) => (atLeast(version, until) ? {} : values);
  return ok({
    limits: {
      rate: [],
      absolute: {
        maxTotalInstances: limits.instances,
        maxTotalCores: limits.cores,
        maxTotalRAMSize: limits.ram,
        maxServerMeta: limits.metadata_items,
        ...before('2.39', { maxImageMeta: limits.metadata_items }),
        ...before('2.57', {
          maxPersonality: limits.injected_files,
          maxPersonalitySize: limits.injected_file_content_bytes,
        }),
        maxTotalKeypairs: limits.key_pairs,
        maxServerGroups: limits.server_groups,
        maxServerGroupMembers: limits.server_group_members,
        ...before('2.36', { maxTotalFloatingIps: -1, maxSecurityGroups: -1, maxSecurityGroupRules: -1 }),
        totalRAMUsed: used.ram,
        totalCoresUsed: used.cores,
        totalInstancesUsed: used.instances,
        ...before('2.36', { totalFloatingIpsUsed: 0, totalSecurityGroupsUsed: 0 }),
        totalServerGroupsUsed: used.server_groups,
      },
    },
  });
};

const rule = 'os_compute_api:os-quota-sets';
const classRule = 'os_compute_api:os-quota-class-sets';

export const quotaRoutes: Route<Compute>[] = [
  { method: 'get', path: '/v2.1/limits', handler: showLimits, rule: 'os_compute_api:limits' },
  ...quotaSets<Compute>({
    quotas: computeQuotas,
    prefix: '/v2.1',
    rules: {
      show: `${rule}:show`,
      update: `${rule}:update`,
      delete: `${rule}:delete`,
      defaults: `${rule}:defaults`,
      showClass: `${classRule}:show`,
      updateClass: `${classRule}:update`,
    },
    detailRule: `${rule}:detail`,
    removed: accepted(),
    parse: (sent, known) =>
      Object.fromEntries(
        Object.entries(sent).flatMap(([name, value]) => (Object.hasOwn(known, name) ? [[name, Number(value)]] : [])),
      ),
    check: async (compute, id, limits, { force = false }) => {
      if (!isTrue(force)) await checkNotBelowUse(compute, id, limits);
    },
    visible,
    visibleClass,
  }),
];
