import { badRequest } from '#shared/errors/fault.ts';
import { type Call, type Handler, noContent, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { ownersOf } from '../resources/values.ts';
import { defaultQuotas } from './reserve.ts';
import { counted, countUsed, deleteQuotas, listQuotaProjects, listQuotas, upsertQuotas } from './store.ts';

/** Quotas that clients expect although they are not counted: subnet pools are unlimited, the others are not implemented. */
const absent = { subnetpool: -1, rbac_policy: 10, trunk: -1 };

async function quotasOf({ db, config }: Network, projectId: string): Promise<Record<string, number>> {
  return { ...defaultQuotas(config), ...absent, ...Object.fromEntries(await listQuotas(db, projectId)) };
}

const projectOf = ({ params }: Pick<Call<unknown, 'id'>, 'params'>): string => params.id;
const targetOf = (projectId: string) => ownersOf({ projectId });

export const listAllQuotas: Handler<Network> = async (network) => {
  const quotas = [];
  for (const project of await listQuotaProjects(network.db))
    quotas.push({ ...(await quotasOf(network, project)), ...targetOf(project) });
  return ok({ quotas });
};

export const showQuota: Handler<Network> = async (network, call) => {
  const project = projectOf(call);
  if (project !== call.caller.projectId) call.authorize('get_quota', targetOf(project));
  return ok({ quota: await quotasOf(network, project) });
};

export const showDefaultQuota: Handler<Network> = async ({ config }, call) => {
  const project = projectOf(call);
  if (project !== call.caller.projectId) call.authorize('get_quota', targetOf(project));
  return ok({ quota: { ...defaultQuotas(config), ...absent } });
};

/** Limits with their use. */
export const showQuotaDetails: Handler<Network> = async (network, call) => {
  const project = projectOf(call);
  if (project !== call.caller.projectId) call.authorize('get_quota', targetOf(project));
  const limits = await quotasOf(network, project);
  const quota: Record<string, object> = {};
  for (const [resource, limit] of Object.entries(limits)) {
    const known = counted.find((each) => each === resource);
    quota[resource] = { limit, used: known ? await countUsed(network.db, project, known) : 0, reserved: 0 };
  }
  return ok({ quota });
};

export const updateQuota: Handler<Network, { quota: Record<string, unknown> }> = async (network, call) => {
  const { tenant_id: _, project_id: __, force: ___, check_limit, ...requested } = call.body.quota;
  const project = projectOf(call);
  if (project.length > 64)
    throw badRequest(`Invalid project_id '${project.slice(0, 64)}…': too long.`, 'HTTPBadRequest');
  const ceilings = Object.fromEntries(Object.entries(requested).map(([name, value]) => [name, ceilingOf(name, value)]));
  await atomically(network, async (within) => {
    if (check_limit) await refuseBelowUse(within, project, ceilings);
    await upsertQuotas(within.db, project, ceilings);
  });
  return ok({ quota: await quotasOf(network, project) });
};

function ceilingOf(name: string, value: unknown): number {
  const ceiling = Number(value);
  if (Number.isInteger(ceiling) && ceiling >= -1 && ceiling <= 2_147_483_647) return ceiling;
  throw badRequest(`Invalid input for ${name}. Reason: '${value}' must be a number from -1 on.`, 'HTTPBadRequest');
}

async function refuseBelowUse({ db }: Network, project: string, ceilings: Readonly<Record<string, number>>) {
  for (const resource of counted) {
    const ceiling = ceilings[resource] ?? -1;
    if (ceiling >= 0 && (await countUsed(db, project, resource)) > ceiling)
      throw badRequest(`Quota limit is below the current use of ${resource}.`, 'InvalidQuotaValue');
  }
}

export const resetQuota: Handler<Network> = async (network, call) => {
  await atomically(network, ({ db }) => deleteQuotas(db, projectOf(call)));
  return noContent();
};
