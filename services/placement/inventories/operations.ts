import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { getProvider, type Provider, raiseGeneration } from '../providers/store.ts';
import { unknownClasses } from '../resource-classes/store.ts';
import { capacityOf, type InventoryFields, listInventories, putInventory, replaceInventories } from './store.ts';

export interface InventoryInput {
  readonly resource_class?: string;
  readonly resource_provider_generation?: number;
  readonly total: number;
  readonly reserved?: number;
  readonly min_unit?: number;
  readonly max_unit?: number;
  readonly step_size?: number;
  readonly allocation_ratio?: number;
}

const maxUnits = 0x7fff_ffff;

export const inventoryFields = (resourceClass: string, input: InventoryInput): InventoryFields => ({
  resourceClass,
  total: input.total,
  reserved: input.reserved ?? 0,
  minUnit: input.min_unit ?? 1,
  maxUnit: input.max_unit ?? maxUnits,
  stepSize: input.step_size ?? 1,
  allocationRatio: input.allocation_ratio ?? 1,
});

/** Throws 400 for a negative capacity, and until 1.25 for a capacity of 0. */
export function checkCapacity(provider: string, inventory: InventoryFields, version: Version, doing = 'update'): void {
  const capacity = capacityOf(inventory);
  const mayBeZero = atLeast(version, '1.26');
  if (capacity > 0 || (capacity === 0 && mayBeZero)) return;
  throw badRequest(
    `Unable to ${doing} inventory for resource provider ${provider}: Invalid inventory for '${inventory.resourceClass}' on resource provider '${provider}'. The reserved value is greater than ${mayBeZero ? '' : 'or equal to '}total.`,
  );
}

export async function checkClasses(db: Knex, provider: string, inventories: readonly InventoryFields[]): Promise<void> {
  const [unknown] = await unknownClasses(
    db,
    inventories.map(({ resourceClass }) => resourceClass),
  );
  if (unknown !== undefined)
    throw badRequest(
      `Unknown resource class in inventory for resource provider ${provider}: No such resource class ${unknown}.`,
    );
}

/** Replaces all inventories of a provider at the given generation. Returns the next generation. */
export function setInventories(
  { db }: Placement,
  provider: Provider,
  inventories: readonly InventoryFields[],
): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    await checkClasses(tx, provider.uuid, inventories);
    const inUse = await replaceInventories(tx, provider.uuid, inventories);
    if (inUse.length > 0)
      throw conflict(
        `update conflict: Inventory for '${inUse.join(', ')}' on resource provider '${provider.uuid}' in use.`,
        codes.inventoryInUse,
      );
    return generation;
  });
}

export function addInventory({ db }: Placement, provider: Provider, inventory: InventoryFields): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    await checkClasses(tx, provider.uuid, [inventory]);
    const [duplicate] = await listInventories(tx, { providers: [provider.uuid], classes: [inventory.resourceClass] });
    if (duplicate)
      throw conflict(
        `Update conflict: there is inventory of ${inventory.resourceClass} for resource provider ${provider.uuid} already`,
        codes.concurrentUpdate,
      );
    await putInventory(tx, provider.uuid, inventory);
    return generation;
  });
}

export function changeInventory({ db }: Placement, provider: Provider, inventory: InventoryFields): Promise<number> {
  return db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider);
    const [found] = await listInventories(tx, { providers: [provider.uuid], classes: [inventory.resourceClass] });
    if (!found)
      throw badRequest(
        `No inventory record with resource class for resource provider ${provider.uuid}: No inventory of class ${inventory.resourceClass} found.`,
      );
    await putInventory(tx, provider.uuid, inventory);
    return generation;
  });
}

export async function removeInventory({ db }: Placement, uuid: string, resourceClass: string): Promise<void> {
  await db.transaction(async (tx) => {
    const provider = await getProvider(tx, uuid);
    const now = await listInventories(tx, { providers: [uuid] });
    if (!now.some((each) => each.resourceClass === resourceClass))
      throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} found for delete`);
    await raiseGeneration(tx, provider);
    const inUse = await replaceInventories(
      tx,
      uuid,
      now
        .filter((each) => each.resourceClass !== resourceClass)
        .map(({ used, updatedAt, providerUuid, ...inventory }) => inventory),
    );
    if (inUse.length > 0)
      throw conflict(
        `Unable to delete inventory of class ${resourceClass}: Inventory for '${resourceClass}' on resource provider '${uuid}' in use.`,
        codes.concurrentUpdate,
      );
  });
}
