import { since, view } from '#shared/api/versions.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { alreadyChanged, changeProvider } from '../providers/operations.ts';
import { getProvider } from '../providers/store.ts';
import { normalizeUuid } from '../queries/sets.ts';
import { providerAggregates } from './store.ts';

const aggregatesView = view<{ readonly aggregates: readonly string[]; readonly generation: number }>(
  since('1.1', ({ aggregates }) => ({ aggregates })),
  since('1.19', ({ generation }) => ({ resource_provider_generation: generation })),
);

export const show: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params, version }) => {
  const { uuid, generation } = await getProvider(db, params.uuid);
  return ok(aggregatesView({ aggregates: await providerAggregates.of(db, uuid), generation }, version));
};

type AggregatesInput =
  | readonly string[]
  | { readonly aggregates: readonly string[]; readonly resource_provider_generation: number };

/** From 1.19 the request contains the generation that the client has read. */
export const replace: Handler<Placement, AggregatesInput, 'uuid'> = async ({ db }, { params, body, version }) => {
  const { uuid, generation: current } = await getProvider(db, params.uuid);
  const [sent, read] = 'aggregates' in body ? [body.aggregates, body.resource_provider_generation] : [body];
  const aggregates = [...new Set(sent.map(normalizeUuid))];
  const replace = (tx: typeof db) => providerAggregates.replace(tx, uuid, aggregates);
  if (read === undefined) await db.transaction(replace);
  const generation =
    read === undefined ? current : await changeProvider(db, { uuid, generation: read }, alreadyChanged, replace);
  return ok(aggregatesView({ aggregates, generation }, version));
};
