import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { getProvider, listProviders } from '../providers/store.ts';
import { isUuid, normalizeUuid } from '../queries/sets.ts';
import { dated } from '../versions/cache-headers.ts';
import { type Claim, removeAllocations, replaceAllocations } from './operations.ts';
import { listAllocations, listConsumers } from './store.ts';
import { consumerView, providerAllocationsView } from './view.ts';

interface Resources {
  readonly resources: Readonly<Record<string, number>>;
}
/** The format before 1.12. */
type AllocationList = readonly (Resources & { readonly resource_provider: { readonly uuid: string } })[];

export interface ClaimInput {
  readonly allocations: Readonly<Record<string, Resources>> | AllocationList;
  readonly project_id?: string;
  readonly user_id?: string;
  readonly consumer_generation?: number | null;
  readonly consumer_type?: string;
}

/** Project and user of consumers created before 1.8, where clients did not send them. */
const unknownConsumerId = '00000000-0000-0000-0000-000000000000';

const isList = (allocations: ClaimInput['allocations']): allocations is AllocationList => Array.isArray(allocations);

export function claimOf(consumerUuid: string, input: ClaimInput, version: Version): Claim {
  const { allocations, project_id = unknownConsumerId, user_id = unknownConsumerId } = input;
  const byProvider = isList(allocations)
    ? allocations.map((each) => [normalizeUuid(each.resource_provider.uuid), each.resources])
    : Object.entries(allocations).map(([uuid, each]) => [uuid, each.resources]);
  return {
    consumerUuid,
    projectId: project_id,
    userId: user_id,
    type: input.consumer_type,
    generation: atLeast(version, '1.28') ? (input.consumer_generation ?? null) : undefined,
    resources: Object.fromEntries(byProvider),
  };
}

export const show: Handler<Placement, unknown, 'consumerUuid'> = async ({ db }, { params, version }) => {
  const consumers = [params.consumerUuid];
  const allocations = await listAllocations(db, { consumers });
  const [consumer] = await listConsumers(db, consumers);
  const providers = await listProviders(db, { uuids: allocations.map(({ providerUuid }) => providerUuid) });
  return dated(consumerView(allocations, consumer, providers, version), consumer?.updatedAt);
};

export const listOfProvider: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params, version }) => {
  const { uuid, generation } = await getProvider(db, params.uuid);
  const allocations = await listAllocations(db, { provider: uuid });
  const uuids = new Set(allocations.map(({ consumerUuid }) => consumerUuid));
  const consumers = atLeast(version, '1.28') ? await listConsumers(db, [...uuids]) : [];
  return ok({
    allocations: providerAllocationsView(allocations, consumers, version),
    resource_provider_generation: generation,
  });
};

export const replace: Handler<Placement, ClaimInput, 'consumerUuid'> = async ({ db }, call) => {
  const { params, body, version } = call;
  if (!isUuid(params.consumerUuid)) throw badRequest(`Malformed consumer_uuid: ${params.consumerUuid}`);
  const claim = claimOf(normalizeUuid(params.consumerUuid), body, version);
  await db.transaction((tx) => replaceAllocations(tx, [claim]));
  return noContent();
};

export const replaceSeveral: Handler<Placement, Record<string, ClaimInput>> = async ({ db }, { body, version }) => {
  const claims = Object.entries(body).map(([uuid, input]) => claimOf(uuid, input, version));
  await db.transaction((tx) => replaceAllocations(tx, claims));
  return noContent();
};

export const remove: Handler<Placement, unknown, 'consumerUuid'> = async ({ db }, { params }) => {
  await db.transaction((tx) => removeAllocations(tx, params.consumerUuid));
  return noContent();
};
