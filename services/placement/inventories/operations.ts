import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { findProvider, type Provider, raiseGeneration } from '../providers/store.ts';
import { unknownClasses } from '../resource-classes/store.ts';
import { capacityOf, listInventories, putInventory, replaceInventories, type Stock } from './store.ts';

export interface StockInput {
  readonly resource_class?: string;
  readonly resource_provider_generation?: number;
  readonly total: number;
  readonly reserved?: number;
  readonly min_unit?: number;
  readonly max_unit?: number;
  readonly step_size?: number;
  readonly allocation_ratio?: number;
}

const mostUnits = 0x7fff_ffff;

export const stockOf = (resourceClass: string, input: StockInput): Stock => ({
  resourceClass,
  total: input.total,
  reserved: input.reserved ?? 0,
  minUnit: input.min_unit ?? 1,
  maxUnit: input.max_unit ?? mostUnits,
  stepSize: input.step_size ?? 1,
  allocationRatio: input.allocation_ratio ?? 1,
});

/** Until 1.26 something had to be left over. */
export function checkStock(provider: string, stock: Stock, version: Version, doing = 'update'): void {
  const capacity = capacityOf(stock);
  const mayBeNone = atLeast(version, '1.26');
  if (capacity > 0 || (capacity === 0 && mayBeNone)) return;
  throw badRequest(
    `Unable to ${doing} inventory for resource provider ${provider}: Invalid inventory for '${stock.resourceClass}' on resource provider '${provider}'. The reserved value is greater than ${mayBeNone ? '' : 'or equal to '}total.`,
  );
}

export async function checkClasses(db: Knex, provider: string, stocks: readonly Stock[]): Promise<void> {
  const [unknown] = await unknownClasses(
    db,
    stocks.map(({ resourceClass }) => resourceClass),
  );
  if (unknown !== undefined)
    throw badRequest(
      `Unknown resource class in inventory for resource provider ${provider}: No such resource class ${unknown}.`,
    );
}

/** All of a provider's inventory, by who saw it as it is. Gives the next generation. */
export function setInventories({ db }: Placement, provider: Provider, stocks: readonly Stock[]): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    await checkClasses(tx, provider.uuid, stocks);
    const inUse = await replaceInventories(tx, provider.uuid, stocks);
    if (inUse.length > 0)
      throw conflict(
        `update conflict: Inventory for '${inUse.join(', ')}' on resource provider '${provider.uuid}' in use.`,
        codes.inventoryInUse,
      );
    return generation;
  });
}

export function addInventory({ db }: Placement, provider: Provider, stock: Stock): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    await checkClasses(tx, provider.uuid, [stock]);
    const [duplicate] = await listInventories(tx, { providers: [provider.uuid], classes: [stock.resourceClass] });
    if (duplicate)
      throw conflict(
        `Update conflict: there is inventory of ${stock.resourceClass} for resource provider ${provider.uuid} already`,
        codes.concurrentUpdate,
      );
    await putInventory(tx, provider.uuid, stock);
    return generation;
  });
}

export function changeInventory({ db }: Placement, provider: Provider, stock: Stock): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    const [found] = await listInventories(tx, { providers: [provider.uuid], classes: [stock.resourceClass] });
    if (!found)
      throw badRequest(
        `No inventory record with resource class for resource provider ${provider.uuid}: No inventory of class ${stock.resourceClass} found.`,
      );
    await putInventory(tx, provider.uuid, stock);
    return generation;
  });
}

export async function removeInventory({ db }: Placement, uuid: string, resourceClass: string): Promise<void> {
  await db.transaction(async (tx) => {
    const provider = await findProvider(tx, uuid);
    const now = await listInventories(tx, { providers: [uuid] });
    if (!now.some((each) => each.resourceClass === resourceClass))
      throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} found for delete`);
    await raiseGeneration(tx, provider);
    const inUse = await replaceInventories(
      tx,
      uuid,
      now
        .filter((each) => each.resourceClass !== resourceClass)
        .map(({ used, updatedAt, providerUuid, ...stock }) => stock),
    );
    if (inUse.length > 0)
      throw conflict(
        `Unable to delete inventory of class ${resourceClass}: Inventory for '${resourceClass}' on resource provider '${uuid}' in use.`,
        codes.concurrentUpdate,
      );
  });
}
