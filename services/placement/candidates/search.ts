/** Every way in which one tree, and those who share with it, can give all that was asked for. */
import { hasRoom } from '../inventories/room.ts';
import { capacityOf } from '../inventories/store.ts';
import type { Provider } from '../providers/store.ts';
import { fits, hasNone, lacksNone } from '../queries/sets.ts';
import type { CandidatesQuery, Group } from './query.ts';
import type { World } from './world.ts';

/** One group's part: which provider gives how much of what. */
interface Part {
  readonly suffix: string;
  readonly gives: readonly { readonly provider: string; readonly resourceClass: string; readonly amount: number }[];
  /** Whom the group stands for; more than its givers only for a group without resources. */
  readonly providers: readonly string[];
}

export interface Candidate {
  /** By provider, then by class. */
  readonly resources: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly mappings: Readonly<Record<string, readonly string[]>>;
  readonly rootUuid: string;
}

/** At most `most`, each once. */
export function searchCandidates(world: World, query: CandidatesQuery, most: number): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const [rootUuid, tree] of world.trees) {
    if (!fits(query.root, (trait) => world.hasTrait(rootUuid, trait))) continue;
    for (const candidate of ofTree(world, query, rootUuid, tree)) {
      found.set(keyOf(candidate), found.get(keyOf(candidate)) ?? candidate);
      if (found.size >= most) return [...found.values()];
    }
  }
  return [...found.values()];
}

function* ofTree(
  world: World,
  query: CandidatesQuery,
  rootUuid: string,
  tree: readonly Provider[],
): Generator<Candidate> {
  const pool = [...tree, ...world.sharingWith(rootUuid)];
  const choices = query.groups.map((group) => partsOf(world, group, pool, rootUuid));
  if (choices.some((parts) => parts.length === 0)) return;
  for (const parts of product(choices)) {
    const own = parts.some(({ gives }) => gives.some(({ provider }) => inTree(world, provider, rootUuid)));
    if (!own || !isIsolated(query, parts) || !standTogether(world, query, parts)) continue;
    const resources = sumOf(parts);
    if (!fitsAltogether(world, resources)) continue;
    if (!query.nested && !isFlat(world, resources, rootUuid)) continue;
    yield { resources, mappings: Object.fromEntries(parts.map((part) => [part.suffix, part.providers])), rootUuid };
  }
}

const inTree = (world: World, provider: string, rootUuid: string) =>
  world.providers.get(provider)?.rootUuid === rootUuid;

/** Before nested providers were told, only one of a tree could give. */
function isFlat(world: World, resources: Candidate['resources'], rootUuid: string): boolean {
  return [...resources.keys()].filter((provider) => inTree(world, provider, rootUuid)).length <= 1;
}

function partsOf(world: World, group: Group, pool: readonly Provider[], rootUuid: string): readonly Part[] {
  const requested = group.inTree === undefined ? undefined : world.providers.get(group.inTree)?.rootUuid;
  if (group.inTree !== undefined && requested === undefined) return [];
  const near = pool.filter((provider) => requested === undefined || provider.rootUuid === requested);
  const placed = near.filter(({ uuid }) => isPlaced(world, group, uuid, group.suffix === '' ? rootUuid : uuid));
  return group.suffix === '' ? spreadParts(world, group, placed) : singleParts(world, group, placed);
}

/** A tree belongs where its root does, for the group that may be spread over it. */
function isPlaced(world: World, { aggregates }: Group, uuid: string, rootUuid: string): boolean {
  const isIn = (aggregate: string) =>
    world.isMember(uuid, aggregate) || (inTree(world, uuid, rootUuid) && world.isMember(rootUuid, aggregate));
  return fits(aggregates, isIn);
}

/** All of it from one. */
function singleParts(world: World, { suffix, resources, traits }: Group, pool: readonly Provider[]): Part[] {
  const wanted = Object.entries(resources);
  const able = pool.filter(
    ({ uuid }) =>
      fits(traits, (trait) => world.hasTrait(uuid, trait)) &&
      wanted.every(([name, amount]) => canGive(world, uuid, name, amount)),
  );
  return able.map(({ uuid }) => ({
    suffix,
    providers: [uuid],
    gives: wanted.map(([resourceClass, amount]) => ({ provider: uuid, resourceClass, amount })),
  }));
}

/** Each class from whomever has it; what they can is asked of them together. */
function spreadParts(world: World, { suffix, resources, traits }: Group, pool: readonly Provider[]): Part[] {
  const allowed = pool.filter(({ uuid }) => hasNone(traits, (trait) => world.hasTrait(uuid, trait)));
  const givers = Object.entries(resources).map(([resourceClass, amount]) =>
    allowed
      .filter(({ uuid }) => canGive(world, uuid, resourceClass, amount))
      .map(({ uuid }) => ({ provider: uuid, resourceClass, amount })),
  );
  if (givers.some((choice) => choice.length === 0)) return [];
  const parts = [...product(givers)].map((gives) => ({
    suffix,
    gives,
    providers: [...new Set(gives.map(({ provider }) => provider))],
  }));
  return parts.filter(({ providers }) =>
    lacksNone(traits, (trait) => providers.some((provider) => world.hasTrait(provider, trait))),
  );
}

function canGive(world: World, provider: string, resourceClass: string, amount: number): boolean {
  const stock = world.stock(provider, resourceClass);
  return stock !== undefined && hasRoom(stock, amount);
}

function isIsolated({ isolate }: CandidatesQuery, parts: readonly Part[]): boolean {
  if (!isolate) return true;
  const single = parts.filter(({ suffix }) => suffix !== '').flatMap(({ providers }) => providers);
  return new Set(single).size === single.length;
}

/** All of a subtree's groups stand below (or at) one of their providers. */
function standTogether(world: World, { sameSubtree }: CandidatesQuery, parts: readonly Part[]): boolean {
  return sameSubtree.every((suffixes) => {
    const uuids = parts.filter(({ suffix }) => suffixes.includes(suffix)).flatMap(({ providers }) => providers);
    return uuids.some((top) => uuids.every((uuid) => ancestors(world, uuid).includes(top)));
  });
}

function ancestors(world: World, uuid: string): string[] {
  const parent = world.providers.get(uuid)?.parentUuid;
  return parent ? [uuid, ...ancestors(world, parent)] : [uuid];
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

/** Several groups may meet at one provider. */
function fitsAltogether(world: World, resources: ReadonlyMap<string, ReadonlyMap<string, number>>): boolean {
  return [...resources].every(([provider, amounts]) =>
    [...amounts].every(([name, amount]) => {
      const stock = world.stock(provider, name);
      return stock !== undefined && amount <= stock.maxUnit && stock.used + amount <= capacityOf(stock);
    }),
  );
}

function keyOf({ resources, mappings }: Candidate): string {
  const given = [...resources].map(([provider, amounts]) => [provider, ...[...amounts].flat()].join(':'));
  return JSON.stringify([given.sort(byText), mappings]);
}

const byText = (one: string, other: string) => (one < other ? -1 : 1);

/** One of each, in every combination. */
function* product<T>(choices: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = choices;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const one of first) for (const others of product(rest)) yield [one, ...others];
}
