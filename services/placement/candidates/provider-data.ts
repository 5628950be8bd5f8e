/** The data for a search for candidates, loaded once, with lookup functions. */
import { providerAggregates } from '../aggregates/store.ts';
import type { Placement } from '../context.ts';
import { type Inventory, listInventories, providersOf } from '../inventories/store.ts';
import { listTrees, type Provider } from '../providers/store.ts';
import { isUnrestricted } from '../queries/sets.ts';
import { providerTraits, sharesViaAggregate } from '../traits/store.ts';
import type { CandidatesQuery } from './query.ts';

export interface CandidateData {
  readonly providers: ReadonlyMap<string, Provider>;
  /** The providers of each tree, by its root. */
  readonly trees: ReadonlyMap<string, readonly Provider[]>;
  inventory(provider: string, resourceClass: string): Inventory | undefined;
  hasTrait(provider: string, trait: string): boolean;
  isMember(provider: string, aggregate: string): boolean;
  /** Sharing providers of other trees that have an aggregate in common with this tree. */
  sharingWith(root: string): readonly Provider[];
}

/** Loads the trees that have inventories of these classes, and those with sharing providers. */
export async function loadCandidateData({ db }: Placement, query: CandidatesQuery): Promise<CandidateData> {
  const { groups, root } = query;
  const classes = [...new Set(groups.flatMap(({ resources }) => Object.keys(resources)))];
  const inventories = new Map((await listInventories(db, { classes })).map((row) => [inventoryKey(row), row]));
  const all = await listTrees(db, [providersOf(db, classes), providerTraits.withAny(db, [sharesViaAggregate])]);
  const asked = [root, ...groups.map((each) => each.traits)].flatMap(({ anyOf, none }) => [...anyOf.flat(), ...none]);
  const traits = await providerTraits.byProvider(db, { names: [...asked, sharesViaAggregate] });
  const sharing = all.filter(({ uuid }) => traits.get(uuid)?.includes(sharesViaAggregate));
  const needsAggregates = sharing.length > 0 || groups.some(({ aggregates }) => !isUnrestricted(aggregates));
  const aggregates = needsAggregates ? await providerAggregates.byProvider(db, {}) : new Map<string, string[]>();
  const trees = Map.groupBy(all, ({ rootUuid }) => rootUuid);
  const isMember = (provider: string, aggregate: string) => aggregates.get(provider)?.includes(aggregate) ?? false;
  return {
    providers: new Map(all.map((provider) => [provider.uuid, provider])),
    trees,
    inventory: (providerUuid, resourceClass) => inventories.get(inventoryKey({ providerUuid, resourceClass })),
    hasTrait: (provider, trait) => traits.get(provider)?.includes(trait) ?? false,
    isMember,
    sharingWith: (rootUuid) => {
      const tree = trees.get(rootUuid) ?? [];
      const near = new Set(tree.flatMap(({ uuid }) => aggregates.get(uuid) ?? []));
      return sharing.filter(
        ({ uuid, rootUuid: own }) => own !== rootUuid && [...near].some((aggregate) => isMember(uuid, aggregate)),
      );
    },
  };
}

const inventoryKey = ({ providerUuid, resourceClass }: Pick<Inventory, 'providerUuid' | 'resourceClass'>) =>
  `${providerUuid}/${resourceClass}`;
