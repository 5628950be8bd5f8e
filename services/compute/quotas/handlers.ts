import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { usedBy } from '../usages/store.ts';
import { currentDefaults, defaultClass, limitsFor } from './operations.ts';
import { type Limits, limitsOf, removeLimits, saveLimits } from './store.ts';

const networkKeys = ['fixed_ips', 'floating_ips', 'security_group_rules', 'security_groups'];
const fileKeys = ['injected_file_content_bytes', 'injected_file_path_bytes', 'injected_files'];

/** Network limits were removed in 2.36, file limits in 2.57. */
const visibleLimits = (limits: Limits, version: Version): Limits =>
  Object.fromEntries(
    Object.entries(limits).filter(
      ([name]) =>
        !(networkKeys.includes(name) && atLeast(version, '2.36')) &&
        !(fileKeys.includes(name) && atLeast(version, '2.57')),
    ),
  );

export const showQuota: Handler<Compute, unknown, 'id'> = async ({ db, config }, { params, version, authorize }) => {
  const id = params.id;
  authorize('os_compute_api:os-quota-sets:show', { project_id: id });
  return ok({ quota_set: { id, ...visibleLimits(await limitsFor(db, config, id), version) } });
};

export const showQuotaDefaults: Handler<Compute, unknown, 'id'> = async ({ db, config }, { params, version }) =>
  ok({ quota_set: { id: params.id, ...visibleLimits(await currentDefaults(db, config), version) } });

export const showQuotaDetail: Handler<Compute, unknown, 'id'> = async (
  { db, config },
  { params, version, authorize },
) => {
  const id = params.id;
  authorize('os_compute_api:os-quota-sets:detail', { project_id: id });
  const used: Readonly<Record<string, number>> = { ...(await usedBy(db, id)) };
  const limits = visibleLimits(await limitsFor(db, config, id), version);
  const detail = Object.entries(limits).map(([name, limit]) => [name, { in_use: used[name] ?? 0, limit, reserved: 0 }]);
  return ok({ quota_set: { id, ...Object.fromEntries(detail) } });
};

type Input = Readonly<Record<string, number | string | boolean>>;

const numbersOf = (input: Input, known: Limits): Limits =>
  Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => (Object.hasOwn(known, name) ? [[name, Number(value)]] : [])),
  );

export const updateQuota: Handler<Compute, { quota_set: Input }, 'id'> = async (
  { db, config },
  { params, body, version },
) => {
  const id = params.id;
  const input = body.quota_set;
  const limits = numbersOf(input, await limitsFor(db, config, id));
  if (String(input.force ?? false).toLowerCase() !== 'true') await checkNotBelowUse(db, id, limits);
  await db.transaction((tx) => saveLimits(tx, id, limits));
  return ok({ quota_set: visibleLimits(await limitsFor(db, config, id), version) });
};

async function checkNotBelowUse(db: Compute['db'], id: string, limits: Limits): Promise<void> {
  const used: Readonly<Record<string, number>> = { ...(await usedBy(db, id)) };
  for (const [name, limit] of Object.entries(limits))
    if (limit >= 0 && (used[name] ?? 0) > limit)
      throw badRequest(
        `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${used[name]}.`,
      );
}

export const deleteQuota: Handler<Compute, unknown, 'id'> = async ({ db }, { params }) => {
  await removeLimits(db, params.id);
  return accepted();
};

/** The class `default` has the defaults of all projects; other classes have no effect. */
const classOf = (name: string) => (name === 'default' ? defaultClass : `class:${name}`);

const visibleClassLimits = (limits: Limits, version: Version): Limits => {
  const { server_groups, server_group_members, ...rest } = limits;
  const groups = atLeast(version, '2.50') ? { server_groups, server_group_members } : {};
  const kept = atLeast(version, '2.50')
    ? Object.fromEntries(Object.entries(rest).filter(([name]) => !networkKeys.includes(name)))
    : rest;
  return { ...withoutFileLimits(kept, version), ...groups } as Limits;
};
const withoutFileLimits = (limits: Limits, version: Version): Limits =>
  Object.fromEntries(Object.entries(limits).filter(([name]) => !(fileKeys.includes(name) && atLeast(version, '2.57'))));

export const showQuotaClass: Handler<Compute, unknown, 'id'> = async ({ db, config }, { params, version }) => {
  const id = params.id;
  const limits = { ...(await currentDefaults(db, config)), ...(await limitsOf(db, classOf(id))) };
  return ok({ quota_class_set: { id, ...visibleClassLimits(limits, version) } });
};

export const updateQuotaClass: Handler<Compute, { quota_class_set: Input }, 'id'> = async (
  { db, config },
  { params, body, version },
) => {
  const name = classOf(params.id);
  const known = await currentDefaults(db, config);
  await db.transaction((tx) => saveLimits(tx, name, numbersOf(body.quota_class_set, known)));
  return ok({ quota_class_set: visibleClassLimits({ ...known, ...(await limitsOf(db, name)) }, version) });
};

export const showLimits: Handler<Compute> = async ({ db, config }, { caller, query, version, authorize }) => {
  const requested = query.tenant_id === undefined || query.tenant_id === 'None' ? undefined : query.tenant_id;
  const id = requested ?? caller.projectId ?? '';
  if (id !== caller.projectId) authorize('os_compute_api:limits:other_project');
  const [limits, used] = [await limitsFor(db, config, id), await usedBy(db, id)];
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
        totalServerGroupsUsed: 0,
      },
    },
  });
};
