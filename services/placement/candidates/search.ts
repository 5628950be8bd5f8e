/** Finds all combinations of providers of one tree, and of sharing providers, that satisfy a query. */
import { capacityOf, fitsInventory } from '../inventories/store.ts';
import type { Provider } from '../providers/store.ts';
import { fits, hasNoForbidden, hasRequired } from '../queries/sets.ts';
import type { CandidateData } from './provider-data.ts';
import type { CandidatesQuery, Group } from './query.ts';

/** The providers and amounts that satisfy one group. */
interface Part {
  readonly suffix: string;
  readonly gives: readonly { readonly provider: string; readonly resourceClass: string; readonly amount: number }[];
  /** The providers of the group; for a group without resources, those that match it. */
  readonly providers: readonly string[];
}

export interface Candidate {
  /** Amounts by provider and resource class. */
  readonly resources: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly mappings: Readonly<Record<string, readonly string[]>>;
  readonly rootUuid: string;
}

/** Returns at most `limit` candidates, without duplicates. */
export function searchCandidates(data: CandidateData, query: CandidatesQuery, limit: number): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const [rootUuid, tree] of data.trees) {
    if (!fits(query.root, (trait) => data.hasTrait(rootUuid, trait))) continue;
    for (const candidate of candidatesOfTree(data, query, rootUuid, tree)) {
      found.set(keyOf(candidate), found.get(keyOf(candidate)) ?? candidate);
      if (found.size >= limit) return [...found.values()];
    }
  }
  return [...found.values()];
}

function* candidatesOfTree(
  data: CandidateData,
  query: CandidatesQuery,
  rootUuid: string,
  tree: readonly Provider[],
): Generator<Candidate> {
  const pool = [...tree, ...data.sharingWith(rootUuid)];
  const choices = query.groups.map((group) => partsOf(data, group, pool, rootUuid));
  if (choices.some((parts) => parts.length === 0)) return;
  for (const parts of product(choices)) {
    const own = parts.some(({ gives }) => gives.some(({ provider }) => inTree(data, provider, rootUuid)));
    if (!own || !isIsolated(query, parts) || !isInSameSubtree(data, query, parts)) continue;
    const resources = sumOf(parts);
    if (!fitsInTotal(data, resources)) continue;
    if (!query.nested && !isFlat(data, resources, rootUuid)) continue;
    yield { resources, mappings: Object.fromEntries(parts.map((part) => [part.suffix, part.providers])), rootUuid };
  }
}

const inTree = (data: CandidateData, provider: string, rootUuid: string) =>
  data.providers.get(provider)?.rootUuid === rootUuid;

/** Before nested providers (1.29), only one provider of a tree may be used. */
function isFlat(data: CandidateData, resources: Candidate['resources'], rootUuid: string): boolean {
  return [...resources.keys()].filter((provider) => inTree(data, provider, rootUuid)).length <= 1;
}

function partsOf(data: CandidateData, group: Group, pool: readonly Provider[], rootUuid: string): readonly Part[] {
  const requested = group.inTree === undefined ? undefined : data.providers.get(group.inTree)?.rootUuid;
  if (group.inTree !== undefined && requested === undefined) return [];
  const near = pool.filter((provider) => requested === undefined || provider.rootUuid === requested);
  const placed = near.filter(({ uuid }) => matchesAggregates(data, group, uuid, group.suffix === '' ? rootUuid : uuid));
  return group.suffix === '' ? spreadParts(data, group, placed) : singleParts(data, group, placed);
}

/** For the group without a suffix, the root's aggregates count for the whole tree. */
function matchesAggregates(data: CandidateData, { aggregates }: Group, uuid: string, rootUuid: string): boolean {
  const isIn = (aggregate: string) =>
    data.isMember(uuid, aggregate) || (inTree(data, uuid, rootUuid) && data.isMember(rootUuid, aggregate));
  return fits(aggregates, isIn);
}

/** One provider for the whole group. */
function singleParts(data: CandidateData, { suffix, resources, traits }: Group, pool: readonly Provider[]): Part[] {
  const wanted = Object.entries(resources);
  const able = pool.filter(
    ({ uuid }) =>
      fits(traits, (trait) => data.hasTrait(uuid, trait)) &&
      wanted.every(([name, amount]) => hasCapacity(data, uuid, name, amount)),
  );
  return able.map(({ uuid }) => ({
    suffix,
    providers: [uuid],
    gives: wanted.map(([resourceClass, amount]) => ({ provider: uuid, resourceClass, amount })),
  }));
}

/** One provider per resource class; the providers together must have the required traits. */
function spreadParts(data: CandidateData, { suffix, resources, traits }: Group, pool: readonly Provider[]): Part[] {
  const allowed = pool.filter(({ uuid }) => hasNoForbidden(traits, (trait) => data.hasTrait(uuid, trait)));
  const givers = Object.entries(resources).map(([resourceClass, amount]) =>
    allowed
      .filter(({ uuid }) => hasCapacity(data, uuid, resourceClass, amount))
      .map(({ uuid }) => ({ provider: uuid, resourceClass, amount })),
  );
  if (givers.some((choice) => choice.length === 0)) return [];
  const parts = [...product(givers)].map((gives) => ({
    suffix,
    gives,
    providers: [...new Set(gives.map(({ provider }) => provider))],
  }));
  return parts.filter(({ providers }) =>
    hasRequired(traits, (trait) => providers.some((provider) => data.hasTrait(provider, trait))),
  );
}

function hasCapacity(data: CandidateData, provider: string, resourceClass: string, amount: number): boolean {
  const inventory = data.inventory(provider, resourceClass);
  return inventory !== undefined && fitsInventory(inventory, amount);
}

function isIsolated({ isolate }: CandidatesQuery, parts: readonly Part[]): boolean {
  if (!isolate) return true;
  const single = parts.filter(({ suffix }) => suffix !== '').flatMap(({ providers }) => providers);
  return new Set(single).size === single.length;
}

/** Whether the providers of each set of groups are in the subtree of one of them. */
function isInSameSubtree(data: CandidateData, { sameSubtree }: CandidatesQuery, parts: readonly Part[]): boolean {
  return sameSubtree.every((suffixes) => {
    const uuids = parts.filter(({ suffix }) => suffixes.includes(suffix)).flatMap(({ providers }) => providers);
    return uuids.some((top) => uuids.every((uuid) => ancestors(data, uuid).includes(top)));
  });
}

function ancestors(data: CandidateData, uuid: string): string[] {
  const parent = data.providers.get(uuid)?.parentUuid;
  return parent ? [uuid, ...ancestors(data, parent)] : [uuid];
}

function sumOf(parts: readonly Part[]): Map<string, Map<string, number>> {
  const sum = new Map<string, Map<string, number>>();
  for (const { provider, resourceClass, amount } of parts.flatMap(({ gives }) => gives)) {
    const own = sum.get(provider) ?? new Map<string, number>();
    own.set(resourceClass, (own.get(resourceClass) ?? 0) + amount);
    sum.set(provider, own);
  }
  return sum;
}

/** Checks the sums, since several groups may use the same provider. */
function fitsInTotal(data: CandidateData, resources: ReadonlyMap<string, ReadonlyMap<string, number>>): boolean {
  return [...resources].every(([provider, amounts]) =>
    [...amounts].every(([name, amount]) => {
      const inventory = data.inventory(provider, name);
      return inventory !== undefined && amount <= inventory.maxUnit && inventory.used + amount <= capacityOf(inventory);
    }),
  );
}

function keyOf({ resources, mappings }: Candidate): string {
  const given = [...resources].map(([provider, amounts]) => [provider, ...[...amounts].flat()].join(':'));
  return JSON.stringify([given.sort(byText), mappings]);
}

const byText = (one: string, other: string) => (one < other ? -1 : 1);

/** Generates every combination of one element per list. */
function* product<T>(choices: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = choices;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const one of first) for (const others of product(rest)) yield [one, ...others];
}
