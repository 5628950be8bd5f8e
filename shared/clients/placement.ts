/** The client of the Placement API. */
import { Fault } from '#shared/errors/fault.ts';
import { ensureDeleted, findOne, queryOf } from './request.ts';
import type { Input, Session } from './session.ts';

export interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly min_unit: number;
  readonly max_unit: number;
  readonly step_size: number;
  readonly allocation_ratio: number;
}

/** Capacity and usage of a provider, by resource class. */
export type Usage = Readonly<Record<string, { readonly capacity: number; readonly used: number }>>;
type Amounts = Readonly<Record<string, number>>;

export interface Claim {
  readonly consumerId: string;
  readonly providerId: string;
  readonly resources: Amounts;
  readonly projectId: string;
  readonly userId: string;
}
/** A consumer that has no allocations afterwards. */
export type Release = Omit<Claim, 'providerId' | 'resources'> & { readonly providerId: null };

export interface PlacementClient {
  /** Returns the providers, by id, that have room for all resources. */
  candidates(resources: Amounts): Promise<ReadonlyMap<string, Usage>>;
  /** Returns undefined when the provider does not exist. */
  usageOfProvider(providerId: string): Promise<Usage | undefined>;
  /** False when the capacity was taken meanwhile. */
  allocate(claim: Claim): Promise<boolean>;
  /** Replaces the allocations of several consumers at once. False when there is no capacity for all of them. */
  allocateAll(claims: readonly (Claim | Release)[]): Promise<boolean>;
  deallocate(consumerId: string): Promise<void>;
  /** Creates the provider if it is missing, and sets its inventory. */
  ensureProvider(id: string, name: string, inventory: Readonly<Record<string, Inventory>>): Promise<void>;
  removeProvider(id: string): Promise<void>;
}

interface Summaries {
  readonly provider_summaries: Readonly<Record<string, { readonly resources: Usage }>>;
  readonly allocation_requests: readonly { readonly allocations: Readonly<Record<string, unknown>> }[];
}
interface Inventories {
  readonly inventories: Readonly<
    Record<string, { readonly total: number; readonly reserved: number; readonly allocation_ratio: number }>
  >;
  readonly resource_provider_generation: number;
}

const placementVersion = { 'openstack-api-version': 'placement 1.36' };

export function placementClient(session: Session): PlacementClient {
  const ask = <T>(path: string, input: Input = {}): Promise<T> =>
    session.json<T>('placement', path, { ...input, headers: placementVersion });
  return {
    candidates: async (resources) => {
      const wanted = Object.entries(resources)
        .map(([name, amount]) => `${name}:${amount}`)
        .join(',');
      const found = await ask<Summaries>(`/allocation_candidates${queryOf({ resources: wanted, limit: '1000' })}`);
      const offered = new Set(found.allocation_requests.flatMap(({ allocations }) => Object.keys(allocations)));
      return new Map(
        Object.entries(found.provider_summaries)
          .filter(([id]) => offered.has(id))
          .map(([id, { resources: rooms }]) => [id, rooms]),
      );
    },
    usageOfProvider: async (id) => {
      const has = await findOne(ask<Inventories>(`/resource_providers/${id}/inventories`));
      if (!has) return undefined;
      const { usages } = await ask<{ usages: Record<string, number> }>(`/resource_providers/${id}/usages`);
      return Object.fromEntries(
        Object.entries(has.inventories).map(([name, { total, reserved, allocation_ratio: ratio }]) => [
          name,
          { capacity: Math.floor((total - reserved) * ratio), used: usages[name] ?? 0 },
        ]),
      );
    },
    allocate: (claim) => allocate(ask, claim),
    allocateAll: (claims) => allocateAll(ask, claims),
    deallocate: (id) => ensureDeleted(ask(`/allocations/${id}`, { method: 'DELETE' })),
    ensureProvider: async (id, name, inventories) => {
      const provider = `/resource_providers/${id}`;
      if (!(await findOne(ask(provider))))
        await ask('/resource_providers', { method: 'POST', body: { uuid: id, name } });
      const before = await ask<Inventories>(`${provider}/inventories`);
      const body = { resource_provider_generation: before.resource_provider_generation, inventories };
      await ask(`${provider}/inventories`, { method: 'PUT', body });
    },
    removeProvider: (id) => ensureDeleted(ask(`/resource_providers/${id}`, { method: 'DELETE' })),
  };
}

type Ask = <T>(path: string, input?: Input) => Promise<T>;

/**
 * The first attempt is for a new consumer (no generation). If an earlier attempt of the same step has allocated already,
 * the second one reads the generation and replaces the allocation.
 */
async function allocate(ask: Ask, claim: Claim): Promise<boolean> {
  const { consumerId, providerId, resources, projectId, userId } = claim;
  const put = (generation: number | null) =>
    ask(`/allocations/${consumerId}`, {
      method: 'PUT',
      body: {
        allocations: { [providerId]: { resources } },
        project_id: projectId,
        user_id: userId,
        consumer_generation: generation,
      },
    });
  for (let tries = 0; ; tries += 1) {
    const before =
      tries === 0
        ? { consumer_generation: null }
        : await ask<{ consumer_generation?: number }>(`/allocations/${consumerId}`);
    try {
      await put(before.consumer_generation ?? null);
      return true;
    } catch (error) {
      if (!(error instanceof Fault) || error.status !== 409) throw error;
      const isRace = error.type === 'placement.concurrent_update' || /concurrent|generation/i.test(error.message);
      if ((!isRace && tries > 0) || tries === 4) return false;
    }
  }
}

/** Another change of a consumer between the read of its generation and the write is tried again. */
async function allocateAll(ask: Ask, claims: readonly (Claim | Release)[]): Promise<boolean> {
  for (let tries = 0; ; tries += 1) {
    const body: Record<string, object> = {};
    for (const claim of claims) {
      const { consumerId, projectId, userId } = claim;
      const before = await ask<{ consumer_generation?: number }>(`/allocations/${consumerId}`);
      if (claim.providerId === null && before.consumer_generation === undefined) continue; // it has none
      body[consumerId] = {
        allocations: claim.providerId === null ? {} : { [claim.providerId]: { resources: claim.resources } },
        project_id: projectId,
        user_id: userId,
        consumer_generation: before.consumer_generation ?? null,
      };
    }
    if (Object.keys(body).length === 0) return true;
    try {
      await ask('/allocations', { method: 'POST', body });
      return true;
    } catch (error) {
      if (!(error instanceof Fault) || error.status !== 409) throw error;
      const isRace = error.type === 'placement.concurrent_update' || /concurrent|generation/i.test(error.message);
      if (!isRace || tries === 4) return false;
    }
  }
}
