import { atLeast } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { listInventories } from '../inventories/store.ts';
import { getProvider } from '../providers/store.ts';
import { countConsumers, listUsages, type Usage } from './store.ts';

export const showOfProvider: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params }) => {
  const provider = await getProvider(db, params.uuid);
  const inventories = await listInventories(db, { providers: [provider.uuid] });
  const usages = Object.fromEntries(inventories.map(({ resourceClass, used }) => [resourceClass, used]));
  return ok({ resource_provider_generation: provider.generation, usages });
};

const unknown = 'unknown';

export const show: Handler<Placement> = async ({ db }, { query, version, may }) => {
  const { project_id: projectId, user_id: userId, consumer_type: wanted } = query;
  if (projectId === undefined) throw badRequest("Invalid query string parameters: 'project_id' is a required property");
  if (!may('placement:usages', { project_id: projectId }))
    throw new Fault(403, 'forbidden', 'Policy does not allow placement:usages to be performed.');
  const filter = { projectId, userId };
  const usages = await listUsages(db, filter);
  if (!atLeast(version, '1.38')) return ok({ usages: sums(usages) });
  const counts = await countConsumers(db, filter);
  if (wanted === 'all') {
    const many = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return ok({ usages: many > 0 ? { all: { ...sums(usages), consumer_count: many } } : {} });
  }
  const types = [...counts].filter(([type]) => wanted === undefined || (type ?? unknown) === wanted);
  const byType = types.map(([type, many]) => [
    type ?? unknown,
    { ...sums(usages.filter((each) => each.type === type)), consumer_count: many },
  ]);
  return ok({ usages: Object.fromEntries(byType) });
};

function sums(usages: readonly Usage[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { resourceClass, used } of usages) total[resourceClass] = (total[resourceClass] ?? 0) + used;
  return total;
}
