import { atLeast, type Version } from '#shared/api/versions.ts';
import { capacityOf, type Inventory } from '../inventories/store.ts';
import type { Provider } from '../providers/store.ts';
import type { Candidate } from './search.ts';

const resourcesView = (amounts: ReadonlyMap<string, number>) => Object.fromEntries(amounts);

/** As the body of PUT /allocations/{consumer} takes it. */
export function requestView({ resources, mappings }: Candidate, version: Version): Record<string, unknown> {
  const entries = [...resources].map(([uuid, amounts]) => [uuid, resourcesView(amounts)] as const);
  if (!atLeast(version, '1.12'))
    return { allocations: entries.map(([uuid, given]) => ({ resource_provider: { uuid }, resources: given })) };
  return {
    allocations: Object.fromEntries(entries.map(([uuid, given]) => [uuid, { resources: given }])),
    ...(atLeast(version, '1.34') ? { mappings } : {}),
  };
}

interface Summed {
  readonly provider: Provider;
  readonly stocks: readonly Inventory[];
  readonly traits: readonly string[];
}

/** Until 1.26 only the classes that were asked for. */
export function summaryView(
  { provider, stocks, traits }: Summed,
  asked: ReadonlySet<string>,
  version: Version,
): Record<string, unknown> {
  const shown = atLeast(version, '1.27') ? stocks : stocks.filter(({ resourceClass }) => asked.has(resourceClass));
  return {
    resources: Object.fromEntries(
      shown.map((stock) => [stock.resourceClass, { capacity: capacityOf(stock), used: stock.used }]),
    ),
    ...(atLeast(version, '1.17') ? { traits } : {}),
    ...(atLeast(version, '1.29')
      ? { parent_provider_uuid: provider.parentUuid, root_provider_uuid: provider.rootUuid }
      : {}),
  };
}
