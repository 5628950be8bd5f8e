import { atLeast, since, type Version, view } from '#shared/api/versions.ts';
import type { Provider } from '../providers/store.ts';
import type { Allocation, Consumer } from './store.ts';

const resources = (allocations: readonly Allocation[]) =>
  Object.fromEntries(allocations.map(({ resourceClass, used }) => [resourceClass, used]));

const ownerView = view<Consumer>(
  since('1.12', ({ projectId, userId }) => ({ project_id: projectId, user_id: userId })),
  since('1.28', ({ generation }) => ({ consumer_generation: generation })),
  since('1.38', ({ type }) => ({ consumer_type: type ?? 'unknown' })),
);

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
  const owner = consumer && allocations.length > 0 ? ownerView(consumer, version) : {};
  return { allocations: Object.fromEntries(shown), ...owner };
}

export function providerAllocationsView(
  allocations: readonly Allocation[],
  consumers: readonly Consumer[],
  version: Version,
): Record<string, unknown> {
  const generations = new Map(consumers.map(({ uuid, generation }) => [uuid, generation]));
  const shown = [...Map.groupBy(allocations, ({ consumerUuid }) => consumerUuid)].map(([uuid, rows]) => [
    uuid,
    {
      resources: resources(rows),
      ...(atLeast(version, '1.28') ? { consumer_generation: generations.get(uuid) ?? null } : {}),
    },
  ]);
  return Object.fromEntries(shown);
}
