/** Replaces inventories and allocations of several providers in one transaction, when a provider tree changes. */
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, noContent } from '#shared/http/route.ts';
import { type ClaimInput, claimOf } from '../allocations/handlers.ts';
import { replaceAllocations } from '../allocations/operations.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { checkClasses, type InventoryInput, parseInventory, removeOthers } from '../inventories/operations.ts';
import { type InventoryFields, putInventory } from '../inventories/store.ts';
import { listProviders, raiseGeneration, raiseGenerations } from '../providers/store.ts';

type ByName<T> = Readonly<Record<string, T>>;
interface ReshapeInput {
  readonly inventories: ByName<{
    readonly resource_provider_generation: number;
    readonly inventories: ByName<InventoryInput>;
  }>;
  readonly allocations: ByName<ClaimInput>;
}

interface Wanted {
  readonly uuid: string;
  readonly generation: number;
  readonly inventories: readonly InventoryFields[];
}

export const reshape: Handler<Placement, ReshapeInput> = async ({ db }, { body, version }) => {
  const wanted = Object.entries(body.inventories).map(([uuid, each]) => ({
    uuid,
    generation: each.resource_provider_generation,
    inventories: Object.entries(each.inventories).map(([name, input]) => parseInventory(uuid, name, input, version)),
  }));
  const claims = Object.entries(body.allocations).map(([uuid, input]) => claimOf(uuid, input, version));
  const uuids = wanted.map(({ uuid }) => uuid);
  await db.transaction(async (tx) => {
    await checkGenerations(tx, uuids, wanted);
    // add the new inventories, then move the allocations, then remove the old inventories
    for (const { uuid, inventories } of wanted)
      for (const inventory of inventories) await putInventory(tx, uuid, inventory);
    await replaceAllocations(tx, claims);
    for (const { uuid, inventories } of wanted) await removeOthers(tx, uuid, inventories);
    await raiseGenerations(tx, uuids); // one increment per change, as in OpenStack Placement
  });
  return noContent();
};

async function checkGenerations(tx: Knex, uuids: readonly string[], wanted: readonly Wanted[]): Promise<void> {
  const found = new Map((await listProviders(tx, { uuids })).map((each) => [each.uuid, each.generation]));
  for (const { uuid, generation, inventories } of wanted) {
    const actual = found.get(uuid);
    if (actual === undefined)
      throw badRequest(`Resource provider ${uuid} in inventories not found.`, codes.providerNotFound);
    await checkClasses(tx, uuid, inventories);
    await raiseGeneration(
      tx,
      { uuid, generation },
      `resource provider generation conflict for provider ${uuid}: actual: ${actual}, given: ${generation}`,
    );
  }
}
