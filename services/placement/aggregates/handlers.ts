import { atLeast, type Version } from '#shared/api/versions.ts';
import { conflict } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { getProvider, raiseGeneration } from '../providers/store.ts';
import { normalizeUuid } from '../queries/sets.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import { aggregatesOf, replaceAggregates } from './store.ts';

const view = (aggregates: readonly string[], generation: number, version: Version) => ({
  aggregates,
  ...(atLeast(version, '1.19') ? { resource_provider_generation: generation } : {}),
});

export const showAggregates: Handler<Placement, never, 'uuid'> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid);
  const aggregates = (await aggregatesOf(db, [provider.uuid])).get(provider.uuid) ?? [];
  return ok(view(aggregates, provider.generation, version), cacheHeaders(version));
};

type AggregatesInput =
  | readonly string[]
  | { readonly aggregates: readonly string[]; readonly resource_provider_generation: number };
const generationConflict =
  "Resource provider's generation already changed. Please update the generation and try again.";

/** From 1.19 the request contains the generation that the client has read. */
export const putAggregates: Handler<Placement, AggregatesInput, 'uuid'> = async ({ db }, { params, body, version }) => {
  const provider = await getProvider(db, params.uuid);
  const input = 'aggregates' in body ? body : undefined;
  if (input && input.resource_provider_generation !== provider.generation)
    throw conflict(generationConflict, codes.concurrentUpdate);
  const uuids = (input ? input.aggregates : (body as readonly string[])).map(normalizeUuid);
  const generation = await db.transaction(async (tx) => {
    await replaceAggregates(tx, provider.uuid, uuids);
    return input ? raiseGeneration(tx, provider, generationConflict) : provider.generation;
  });
  return ok(view([...new Set(uuids)], generation, version), cacheHeaders(version));
};
