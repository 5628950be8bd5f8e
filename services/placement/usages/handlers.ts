import { atLeast } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { listInventories } from '../inventories/store.ts';
import { findProvider } from '../providers/store.ts';
import { fresh } from '../versions/fresh.ts';
import { countConsumers, listUsages, type Usage } from './store.ts';

export const showProviderUsages: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await findProvider(db, params.uuid ?? '');
  const stocks = await listInventories(db, { providers: [provider.uuid] });
  const usages = Object.fromEntries(stocks.map(({ resourceClass, used }) => [resourceClass, used]));
  return ok({ resource_provider_generation: provider.generation, usages }, fresh(version));
};

const unknown = 'unknown';

export const showUsages: Handler<Placement> = async ({ db }, { query, version, may }) => {
  const { project_id: projectId, user_id: userId, consumer_type: wanted } = query;
  if (projectId === undefined) throw badRequest("Invalid query string parameters: 'project_id' is a required property");
  if (!may('placement:usages', { project_id: projectId }))
    throw new Fault(403, 'forbidden', 'Policy does not allow placement:usages to be performed.');
  const whose = { projectId, userId };
  const usages = await listUsages(db, whose);
  if (!atLeast(version, '1.38')) return ok({ usages: sums(usages) }, fresh(version));
  const counts = await countConsumers(db, whose);
  if (wanted === 'all') {
    const many = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return ok({ usages: many > 0 ? { all: { ...sums(usages), consumer_count: many } } : {} }, fresh(version));
  }
  const types = [...counts].filter(([type]) => wanted === undefined || (type ?? unknown) === wanted);
  const byType = types.map(([type, many]) => [
    type ?? unknown,
    { ...sums(usages.filter((each) => each.type === type)), consumer_count: many },
  ]);
  return ok({ usages: Object.fromEntries(byType) }, fresh(version));
};

function sums(usages: readonly Usage[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { resourceClass, used } of usages) total[resourceClass] = (total[resourceClass] ?? 0) + used;
  return total;
}
