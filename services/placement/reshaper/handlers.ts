/** Replaces inventories and allocations of several providers in one transaction, when a provider tree changes. */
import type { Knex } from 'knex';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { gone, type Handler } from '#shared/http/route.ts';
import { type ClaimInput, claimOf } from '../allocations/handlers.ts';
import { replaceAllocations } from '../allocations/operations.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { checkCapacity, checkClasses, type InventoryInput, inventoryFields } from '../inventories/operations.ts';
import { type InventoryFields, putInventory, replaceInventories } from '../inventories/store.ts';
import { listProviders, raiseGeneration, raiseGenerations } from '../providers/store.ts';

interface ReshapeInput {
  readonly inventories: Readonly<
    Record<
      string,
      { readonly resource_provider_generation: number; readonly inventories: Readonly<Record<string, InventoryInput>> }
    >
  >;
  readonly allocations: Readonly<Record<string, ClaimInput>>;
}

export const reshape: Handler<Placement, ReshapeInput> = async ({ db }, { body, version }) => {
  const wanted = Object.entries(body.inventories).map(([uuid, each]) => ({
    uuid,
    generation: each.resource_provider_generation,
    inventories: Object.entries(each.inventories).map(([name, input]) => inventoryFields(name, input)),
  }));
  for (const { uuid, inventories } of wanted)
    for (const inventory of inventories) checkCapacity(uuid, inventory, version);
  const claims = Object.entries(body.allocations).map(([uuid, input]) => claimOf(uuid, input, version));
  await db.transaction(async (tx) => {
    await checkGenerations(tx, wanted);
    // add the new inventories, then move the allocations, then remove the old inventories
    for (const { uuid, inventories } of wanted)
      for (const inventory of inventories) await putInventory(tx, uuid, inventory);
    await replaceAllocations(tx, claims);
    for (const { uuid, inventories } of wanted) await removeOtherInventories(tx, uuid, inventories);
    await raiseGenerations(
      tx,
      wanted.map(({ uuid }) => uuid),
    ); // one increment per change, as in OpenStack Placement
  });
  return gone();
};

async function checkGenerations(
  tx: Knex,
  wanted: readonly {
    readonly uuid: string;
    readonly generation: number;
    readonly inventories: readonly InventoryFields[];
  }[],
): Promise<void> {
  const found = new Map(
    (await listProviders(tx, { uuids: wanted.map(({ uuid }) => uuid) })).map((each) => [each.uuid, each]),
  );
  for (const { uuid, generation, inventories } of wanted) {
    const provider = found.get(uuid);
    if (!provider) throw badRequest(`Resource provider ${uuid} in inventories not found.`, codes.providerNotFound);
    await checkClasses(tx, uuid, inventories);
    await raiseGeneration(
      tx,
      { ...provider, generation },
      `resource provider generation conflict for provider ${uuid}: actual: ${provider.generation}, given: ${generation}`,
    );
  }
}

async function removeOtherInventories(tx: Knex, uuid: string, inventories: readonly InventoryFields[]): Promise<void> {
  const inUse = await replaceInventories(tx, uuid, inventories);
  if (inUse.length > 0)
    throw conflict(
      `update conflict: Inventory for '${inUse.join(', ')}' on resource provider '${uuid}' in use.`,
      codes.inventoryInUse,
    );
}
