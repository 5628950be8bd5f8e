/** Inventories and allocations of several providers at once, when a provider's tree takes another shape. */
import type { Knex } from 'knex';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { gone, type Handler } from '#shared/http/route.ts';
import { type ClaimInput, claimOf } from '../allocations/handlers.ts';
import { replaceAllocations } from '../allocations/operations.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { checkClasses, checkStock, type StockInput, stockOf } from '../inventories/operations.ts';
import { putInventory, replaceInventories, type Stock } from '../inventories/store.ts';
import { listProviders, raiseGeneration, raiseGenerations } from '../providers/store.ts';

interface ReshapeInput {
  readonly inventories: Readonly<
    Record<
      string,
      { readonly resource_provider_generation: number; readonly inventories: Readonly<Record<string, StockInput>> }
    >
  >;
  readonly allocations: Readonly<Record<string, ClaimInput>>;
}

export const reshape: Handler<Placement, ReshapeInput> = async ({ db }, { body, version }) => {
  const wanted = Object.entries(body.inventories).map(([uuid, each]) => ({
    uuid,
    generation: each.resource_provider_generation,
    stocks: Object.entries(each.inventories).map(([name, input]) => stockOf(name, input)),
  }));
  for (const { uuid, stocks } of wanted) for (const stock of stocks) checkStock(uuid, stock, version);
  const claims = Object.entries(body.allocations).map(([uuid, input]) => claimOf(uuid, input, version));
  await db.transaction(async (tx) => {
    await seeProviders(tx, wanted);
    // room first, then who moves into it, then the room that they left
    for (const { uuid, stocks } of wanted) for (const stock of stocks) await putInventory(tx, uuid, stock);
    await replaceAllocations(tx, claims);
    for (const { uuid, stocks } of wanted) await dropTheRest(tx, uuid, stocks);
    await raiseGenerations(
      tx,
      wanted.map(({ uuid }) => uuid),
    ); // once for each of the three changes, as the real one counts
  });
  return gone();
};

async function seeProviders(
  tx: Knex,
  wanted: readonly { readonly uuid: string; readonly generation: number; readonly stocks: readonly Stock[] }[],
): Promise<void> {
  const found = new Map(
    (await listProviders(tx, { uuids: wanted.map(({ uuid }) => uuid) })).map((each) => [each.uuid, each]),
  );
  for (const { uuid, generation, stocks } of wanted) {
    const provider = found.get(uuid);
    if (!provider) throw badRequest(`Resource provider ${uuid} in inventories not found.`, codes.providerNotFound);
    await checkClasses(tx, uuid, stocks);
    await raiseGeneration(
      tx,
      { ...provider, generation },
      `resource provider generation conflict for provider ${uuid}: actual: ${provider.generation}, given: ${generation}`,
    );
  }
}

async function dropTheRest(tx: Knex, uuid: string, stocks: readonly Stock[]): Promise<void> {
  const inUse = await replaceInventories(tx, uuid, stocks);
  if (inUse.length > 0)
    throw conflict(
      `update conflict: Inventory for '${inUse.join(', ')}' on resource provider '${uuid}' in use.`,
      codes.inventoryInUse,
    );
}
