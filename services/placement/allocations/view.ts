import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Provider } from '../providers/store.ts';
import type { Allocation, Consumer } from './store.ts';

const resources = (allocations: readonly Allocation[]) =>
  Object.fromEntries(allocations.map(({ resourceClass, used }) => [resourceClass, used]));

export function consumerView(
  allocations: readonly Allocation[],
  consumer: Consumer | undefined,
  providers: readonly Provider[],
  version: Version,
): Record<string, unknown> {
  const generations = new Map(providers.map(({ uuid, generation }) => [uuid, generation]));
  const byProvider = Map.groupBy(allocations, ({ providerUuid }) => providerUuid);
  const shown = [...byProvider].map(([uuid, rows]) => [
    uuid,
    { resources: resources(rows), generation: generations.get(uuid) ?? 0 },
  ]);
  const allocationsOnly = { allocations: Object.fromEntries(shown) };
  if (!consumer || allocations.length === 0 || !atLeast(version, '1.12')) return allocationsOnly;
  return {
    ...allocationsOnly,
    project_id: consumer.projectId,
    user_id: consumer.userId,
    ...(atLeast(version, '1.28') ? { consumer_generation: consumer.generation } : {}),
    ...(atLeast(version, '1.38') ? { consumer_type: consumer.type ?? 'unknown' } : {}),
  };
}

export function providerAllocationsView(
  allocations: readonly Allocation[],
  consumers: readonly Consumer[],
  { generation }: Provider,
  version: Version,
): Record<string, unknown> {
  const generations = new Map(consumers.map(({ uuid, generation: own }) => [uuid, own]));
  const byConsumer = Map.groupBy(allocations, ({ consumerUuid }) => consumerUuid);
  const shown = [...byConsumer].map(([uuid, rows]) => [
    uuid,
    {
      resources: resources(rows),
      ...(atLeast(version, '1.28') ? { consumer_generation: generations.get(uuid) ?? null } : {}),
    },
  ]);
  return { allocations: Object.fromEntries(shown), resource_provider_generation: generation };
}
