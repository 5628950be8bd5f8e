import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { getProvider, listProviders } from '../providers/store.ts';
import { normalizeUuid } from '../queries/sets.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import { type Claim, removeAllocations, replaceAllocations } from './operations.ts';
import { listAllocations, listConsumers } from './store.ts';
import { consumerView, providerAllocationsView } from './view.ts';

type ByProvider = Readonly<Record<string, { readonly resources: Readonly<Record<string, number>> }>>;
/** The format before 1.12. */
type AllocationList = readonly {
  readonly resource_provider: { readonly uuid: string };
  readonly resources: Readonly<Record<string, number>>;
}[];

export interface ClaimInput {
  readonly allocations: ByProvider | AllocationList;
  readonly project_id?: string;
  readonly user_id?: string;
  readonly consumer_generation?: number | null;
  readonly consumer_type?: string;
}

/** Project and user of consumers created before 1.8, where clients did not send them. */
const unknownConsumerId = '00000000-0000-0000-0000-000000000000';

const isList = (allocations: ClaimInput['allocations']): allocations is AllocationList => Array.isArray(allocations);

export function claimOf(consumerUuid: string, input: ClaimInput, version: Version): Claim {
  const {
    allocations,
    project_id = unknownConsumerId,
    user_id = unknownConsumerId,
    consumer_type,
    consumer_generation,
  } = input;
  const resources = isList(allocations)
    ? Object.fromEntries(allocations.map((each) => [normalizeUuid(each.resource_provider.uuid), each.resources]))
    : Object.fromEntries(Object.entries(allocations).map(([uuid, each]) => [uuid, each.resources]));
  return {
    consumerUuid,
    projectId: project_id,
    userId: user_id,
    type: consumer_type,
    generation: atLeast(version, '1.28') ? (consumer_generation ?? null) : undefined,
    resources,
  };
}

export const showConsumer: Handler<Placement> = async ({ db }, { params, version }) => {
  const uuid = params.consumerUuid ?? '';
  const allocations = await listAllocations(db, { consumers: [uuid] });
  const [consumer] = await listConsumers(db, [uuid]);
  const providers = await listProviders(db, { uuids: allocations.map(({ providerUuid }) => providerUuid) });
  return ok(consumerView(allocations, consumer, providers, version), cacheHeaders(version, consumer?.updatedAt));
};

export const showProviderAllocations: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  const allocations = await listAllocations(db, { provider: provider.uuid });
  const consumers = atLeast(version, '1.28')
    ? await listConsumers(db, [...new Set(allocations.map(({ consumerUuid }) => consumerUuid))])
    : [];
  return ok(providerAllocationsView(allocations, consumers, provider, version), cacheHeaders(version));
};

export const putAllocations: Handler<Placement, ClaimInput> = async ({ db }, { params, body, version }) => {
  const given = params.consumerUuid ?? '';
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(given))
    throw badRequest(`Malformed consumer_uuid: ${given}`);
  const claim = claimOf(normalizeUuid(given), body, version);
  await db.transaction((tx) => replaceAllocations(tx, [claim]));
  return gone();
};

export const postAllocations: Handler<Placement, Record<string, ClaimInput>> = async ({ db }, { body, version }) => {
  const claims = Object.entries(body).map(([uuid, input]) => claimOf(uuid, input, version));
  await db.transaction((tx) => replaceAllocations(tx, claims));
  return gone();
};

export const deleteAllocations: Handler<Placement> = async ({ db }, { params }) => {
  await db.transaction((tx) => removeAllocations(tx, params.consumerUuid ?? ''));
  return gone();
};
