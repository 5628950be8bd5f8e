import { atLeast, type Version } from '#shared/api/versions.ts';
import { capacityOf, type Inventory } from '../inventories/store.ts';
import type { Provider } from '../providers/store.ts';
import type { Candidate } from './search.ts';

const resourcesView = (amounts: ReadonlyMap<string, number>) => Object.fromEntries(amounts);

/** In the format of the body of PUT /allocations/{consumer}. */
export function requestView({ resources, mappings }: Candidate, version: Version): Record<string, unknown> {
  const entries = [...resources].map(([uuid, amounts]) => [uuid, resourcesView(amounts)] as const);
  if (!atLeast(version, '1.12'))
    return { allocations: entries.map(([uuid, given]) => ({ resource_provider: { uuid }, resources: given })) };
  return {
    allocations: Object.fromEntries(entries.map(([uuid, given]) => [uuid, { resources: given }])),
    ...(atLeast(version, '1.34') ? { mappings } : {}),
  };
}

interface SummaryInput {
  readonly provider: Provider;
  readonly inventories: readonly Inventory[];
  readonly traits: readonly string[];
}

/** Until 1.26 with the requested resource classes only. */
export function summaryView(
  { provider, inventories, traits }: SummaryInput,
  requested: ReadonlySet<string>,
  version: Version,
): Record<string, unknown> {
  const shown = atLeast(version, '1.27')
    ? inventories
    : inventories.filter(({ resourceClass }) => requested.has(resourceClass));
  return {
    resources: Object.fromEntries(
      shown.map((inventory) => [inventory.resourceClass, { capacity: capacityOf(inventory), used: inventory.used }]),
    ),
    ...(atLeast(version, '1.17') ? { traits } : {}),
    ...(atLeast(version, '1.29')
      ? { parent_provider_uuid: provider.parentUuid, root_provider_uuid: provider.rootUuid }
      : {}),
  };
}
