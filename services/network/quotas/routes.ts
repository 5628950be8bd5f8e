import { badRequest } from '#shared/errors/fault.ts';
import { type Call, checkedInHandler, type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Limits } from '#shared/resource/quota.ts';
import { atomically, type Network } from '../context.ts';
import { ownersOf, truth } from '../resources/values.ts';
import { networkQuotas } from './quotas.ts';

type ProjectCall = Call<unknown, 'id'>;

/** A project may see its own quotas. */
const visible =
  (answer: (network: Network, projectId: string) => Promise<object>): Handler<Network, unknown, 'id'> =>
  async (network, { params, caller, authorize }: ProjectCall) => {
    if (params.id !== caller.projectId) authorize('get_quota', ownersOf({ projectId: params.id }));
    return ok({ quota: await answer(network, params.id) });
  };

const list: Handler<Network> = async (network) => {
  const all = [];
  for (const projectId of await networkQuotas.listProjects(network))
    all.push({ ...(await networkQuotas.limits(network, projectId)), ...ownersOf({ projectId }) });
  return ok({ quotas: all });
};

/** Limits with their use. */
async function details(network: Network, projectId: string): Promise<object> {
  const all = await networkQuotas.details(network, projectId);
  return Object.fromEntries(all.map(({ resource, ...use }) => [resource, { ...use, reserved: 0 }]));
}

const update: Handler<Network, { quota: Record<string, unknown> }, 'id'> = async (
  network,
  { params: { id }, body },
) => {
  const { tenant_id, project_id, force = true, check_limit = false, ...requested } = body.quota;
  for (const named of [project_id, tenant_id])
    if (named !== undefined && named !== id)
      throw badRequest(
        `Invalid input for project_id. Reason: '${named}' is not the project of the path.`,
        'HTTPBadRequest',
      );
  if (id.length > 64) throw badRequest(`Invalid project_id '${id.slice(0, 64)}…': too long.`, 'HTTPBadRequest');
  const limits = Object.fromEntries(Object.entries(requested).map(([name, value]) => [name, limitOf(name, value)]));
  await atomically(network, async (within) => {
    if (truth(check_limit, 'check_limit') || !truth(force, 'force')) await refuseBelowUse(within, id, limits);
    await networkQuotas.save(within, id, limits);
  });
  return ok({ quota: await networkQuotas.limits(network, id) });
};

function limitOf(name: string, value: unknown): number {
  const limit = Number(value);
  if (Number.isInteger(limit) && limit >= -1 && limit <= 2_147_483_647) return limit;
  throw badRequest(`Invalid input for ${name}. Reason: '${value}' must be a number from -1 on.`, 'HTTPBadRequest');
}

async function refuseBelowUse(network: Network, projectId: string, limits: Limits): Promise<void> {
  const used = await networkQuotas.used(network, projectId, Object.keys(limits));
  const below = Object.entries(limits).find(([resource, limit]) => limit >= 0 && (used[resource] ?? 0) > limit);
  if (below) throw badRequest(`Quota limit is below the current use of ${below[0]}.`, 'InvalidQuotaValue');
}

const reset: Handler<Network, unknown, 'id'> = async (network, { params }) => {
  await atomically(network, (within) => networkQuotas.reset(within, params.id));
  return noContent();
};

const one = '/v2.0/quotas/:id';
const rule = checkedInHandler('get_quota');

export const quotaRoutes: readonly Route<Network>[] = [
  { method: 'get', path: '/v2.0/quotas', handler: list, rule: 'update_quota' },
  { method: 'get', path: one, handler: visible(networkQuotas.limits), rule },
  { method: 'get', path: `${one}/default`, handler: visible(networkQuotas.defaults), rule },
  { method: 'get', path: `${one}/details`, handler: visible(details), rule },
  { method: 'get', path: `${one}/details.json`, handler: visible(details), rule },
  { method: 'put', path: one, handler: update, rule: 'update_quota' },
  { method: 'delete', path: one, handler: reset, rule: 'delete_quota' },
];
