import type { Version } from '#shared/api/versions.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { listInventories } from '../inventories/store.ts';
import { checkTraits } from '../queries/known-traits.ts';
import { checkAmounts } from '../queries/resources.ts';
import { traitsOf } from '../traits/store.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import { type CandidateData, loadCandidateData } from './provider-data.ts';
import { type CandidatesQuery, candidatesQuery } from './query.ts';
import { type Candidate, searchCandidates } from './search.ts';
import { requestView, summaryView } from './view.ts';

export const showCandidates: Handler<Placement> = async (placement, { queries, version }) => {
  const query = candidatesQuery(queries, version);
  const { groups, root } = query;
  await checkAmounts(
    placement.db,
    groups.map(({ resources }) => resources),
  );
  await checkTraits(placement.db, [root, ...groups.map(({ traits }) => traits)]);
  const data = await loadCandidateData(placement, query);
  const limit = Math.min(query.limit ?? placement.config.candidates, placement.config.candidates);
  const found = searchCandidates(data, query, limit);
  return ok(
    {
      allocation_requests: found.map((candidate) => requestView(candidate, version)),
      provider_summaries: await summaries(placement, data, query, found, version),
    },
    cacheHeaders(version),
  );
};

/** Summaries of the providers used and, from 1.29, of all providers in their trees. */
async function summaries(
  { db }: Placement,
  data: CandidateData,
  { groups, nested }: CandidatesQuery,
  found: readonly Candidate[],
  version: Version,
) {
  const usedProviders = new Set(found.flatMap(({ resources }) => [...resources.keys()]));
  const roots = new Set([...usedProviders].map((uuid) => data.providers.get(uuid)?.rootUuid ?? uuid));
  const uuids = nested
    ? [...roots].flatMap((root) => (data.trees.get(root) ?? []).map(({ uuid }) => uuid))
    : [...usedProviders];
  const inventories = Map.groupBy(await listInventories(db, { providers: uuids }), ({ providerUuid }) => providerUuid);
  const traits = await traitsOf(db, uuids);
  const asked = new Set(groups.flatMap(({ resources }) => Object.keys(resources)));
  const views = uuids.flatMap((uuid) => {
    const provider = data.providers.get(uuid);
    if (!provider) return [];
    const summed = { provider, inventories: inventories.get(uuid) ?? [], traits: traits.get(uuid) ?? [] };
    return [[uuid, summaryView(summed, asked, version)] as const];
  });
  return Object.fromEntries(views);
}
