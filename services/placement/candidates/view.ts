import { since, view } from '#shared/api/versions.ts';
import { capacityOf, type Inventory } from '../inventories/store.ts';
import type { Provider } from '../providers/store.ts';
import type { Candidate } from './search.ts';

const entriesOf = ({ resources }: Candidate) =>
  [...resources].map(([uuid, amounts]) => ({ uuid, resources: Object.fromEntries(amounts) }));

/** In the format of the body of PUT /allocations/{consumer}. */
export const requestView = view<Candidate>(
  since('1.10', (candidate) => ({
    allocations: entriesOf(candidate).map(({ uuid, resources }) => ({ resource_provider: { uuid }, resources })),
  })),
  since('1.12', (candidate) => ({
    allocations: Object.fromEntries(entriesOf(candidate).map(({ uuid, resources }) => [uuid, { resources }])),
  })),
  since('1.34', ({ mappings }) => ({ mappings })),
);

interface Summary {
  readonly provider: Provider;
  readonly inventories: readonly Inventory[];
  readonly traits: readonly string[];
  readonly requested: ReadonlySet<string>;
}

const resourcesOf = (inventories: readonly Inventory[]) =>
  Object.fromEntries(inventories.map((each) => [each.resourceClass, { capacity: capacityOf(each), used: each.used }]));

export const summaryView = view<Summary>(
  since('1.10', ({ inventories, requested }) => ({
    resources: resourcesOf(inventories.filter(({ resourceClass }) => requested.has(resourceClass))),
  })),
  since('1.17', ({ traits }) => ({ traits })),
  since('1.27', ({ inventories }) => ({ resources: resourcesOf(inventories) })),
  since('1.29', ({ provider }) => ({
    parent_provider_uuid: provider.parentUuid,
    root_provider_uuid: provider.rootUuid,
  })),
);
