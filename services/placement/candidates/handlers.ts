import type { Version } from '#shared/api/versions.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { listInventories } from '../inventories/store.ts';
import { checkTraits } from '../queries/known-traits.ts';
import { checkAmounts } from '../queries/resources.ts';
import { traitsOf } from '../traits/store.ts';
import { fresh } from '../versions/fresh.ts';
import { type CandidatesQuery, candidatesQuery } from './query.ts';
import { type Candidate, searchCandidates } from './search.ts';
import { requestView, summaryView } from './view.ts';
import { readWorld, type World } from './world.ts';

export const showCandidates: Handler<Placement> = async (placement, { queries, version }) => {
  const query = candidatesQuery(queries, version);
  const { groups, root } = query;
  await checkAmounts(
    placement.db,
    groups.map(({ resources }) => resources),
  );
  await checkTraits(placement.db, [root, ...groups.map(({ traits }) => traits)]);
  const world = await readWorld(placement, query);
  const most = Math.min(query.limit ?? placement.config.candidates, placement.config.candidates);
  const found = searchCandidates(world, query, most);
  return ok(
    {
      allocation_requests: found.map((candidate) => requestView(candidate, version)),
      provider_summaries: await summaries(placement, world, query, found, version),
    },
    fresh(version),
  );
};

/** Of each provider that gives and, once trees are told, of all in its tree. */
async function summaries(
  { db }: Placement,
  world: World,
  { groups, nested }: CandidatesQuery,
  found: readonly Candidate[],
  version: Version,
) {
  const givers = new Set(found.flatMap(({ resources }) => [...resources.keys()]));
  const roots = new Set([...givers].map((uuid) => world.providers.get(uuid)?.rootUuid ?? uuid));
  const uuids = nested
    ? [...roots].flatMap((root) => (world.trees.get(root) ?? []).map(({ uuid }) => uuid))
    : [...givers];
  const stocks = Map.groupBy(await listInventories(db, { providers: uuids }), ({ providerUuid }) => providerUuid);
  const traits = await traitsOf(db, uuids);
  const asked = new Set(groups.flatMap(({ resources }) => Object.keys(resources)));
  const views = uuids.flatMap((uuid) => {
    const provider = world.providers.get(uuid);
    if (!provider) return [];
    const summed = { provider, stocks: stocks.get(uuid) ?? [], traits: traits.get(uuid) ?? [] };
    return [[uuid, summaryView(summed, asked, version)] as const];
  });
  return Object.fromEntries(views);
}
