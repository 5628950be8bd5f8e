import type { Version } from '#shared/api/versions.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { listInventories } from '../inventories/store.ts';
import { checkNames } from '../queries/known.ts';
import { providerTraits } from '../traits/store.ts';
import { type CandidateData, loadCandidateData } from './provider-data.ts';
import { type CandidatesQuery, candidatesQuery } from './query.ts';
import { type Candidate, searchCandidates } from './search.ts';
import { requestView, summaryView } from './view.ts';

export const list: Handler<Placement> = async (placement, { queries, version }) => {
  const query = candidatesQuery(queries, version);
  const { groups, root, limit = Number.POSITIVE_INFINITY } = query;
  const sets = [root, ...groups.map(({ traits }) => traits)];
  await checkNames(
    placement.db,
    groups.map(({ resources }) => resources),
    sets,
  );
  const data = await loadCandidateData(placement, query);
  const found = searchCandidates(data, query, Math.min(limit, placement.config.candidates));
  return ok({
    allocation_requests: found.map((candidate) => requestView(candidate, version)),
    provider_summaries: await summaries(placement, data, query, found, version),
  });
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
  const traits = await providerTraits.byProvider(db, { providers: uuids });
  const requested = new Set(groups.flatMap(({ resources }) => Object.keys(resources)));
  const views = uuids.flatMap((uuid) => {
    const provider = data.providers.get(uuid);
    if (!provider) return [];
    const found = { provider, inventories: inventories.get(uuid) ?? [], traits: traits.get(uuid) ?? [], requested };
    return [[uuid, summaryView(found, version)] as const];
  });
  return Object.fromEntries(views);
}
