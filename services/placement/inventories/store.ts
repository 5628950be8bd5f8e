import type { Knex } from 'knex';

export interface Inventory {
  readonly providerUuid: string;
  readonly resourceClass: string;
  readonly total: number;
  readonly reserved: number;
  readonly minUnit: number;
  readonly maxUnit: number;
  readonly stepSize: number;
  readonly allocationRatio: number;
  /** The sum of its allocations. */
  readonly used: number;
  readonly updatedAt: number;
}

export type InventoryFields = Omit<Inventory, 'providerUuid' | 'used' | 'updatedAt'>;

/** The amount that may be allocated. */
export const capacityOf = ({ total, reserved, allocationRatio }: InventoryFields): number =>
  Math.floor((total - reserved) * allocationRatio);

interface InventoryFilter {
  readonly providers?: readonly string[];
  readonly classes?: readonly string[];
}

export async function listInventories(db: Knex, filter: InventoryFilter): Promise<Inventory[]> {
  const query = db<Inventory>('inventories').orderBy(['providerUuid', 'resourceClass']);
  if (filter.providers) query.whereIn('providerUuid', filter.providers);
  if (filter.classes) query.whereIn('resourceClass', filter.classes);
  return (await query) as Inventory[];
}

/** Returns the classes that would be removed but are in use; then it writes nothing. */
export async function replaceInventories(
  tx: Knex,
  providerUuid: string,
  inventories: readonly InventoryFields[],
): Promise<readonly string[]> {
  const now = await tx<Inventory>('inventories').where({ providerUuid }).forUpdate();
  const kept = new Set(inventories.map(({ resourceClass }) => resourceClass));
  const removed = now.filter(({ resourceClass }) => !kept.has(resourceClass));
  const inUse = removed.filter(({ used }) => used > 0);
  if (inUse.length > 0) return inUse.map(({ resourceClass }) => resourceClass);
  for (const { resourceClass } of removed) await tx('inventories').where({ providerUuid, resourceClass }).delete();
  for (const inventory of inventories) await putInventory(tx, providerUuid, inventory);
  return [];
}

/** Inserts or updates the inventory; `used` does not change. */
export async function putInventory(tx: Knex, providerUuid: string, inventory: InventoryFields): Promise<void> {
  const row = { ...inventory, providerUuid, used: 0, updatedAt: Date.now() };
  const { used: _, ...changes } = row;
  await tx<Inventory>('inventories').insert(row).onConflict(['providerUuid', 'resourceClass']).merge(changes);
}

export const isClassInUse = async (db: Knex, resourceClass: string): Promise<boolean> =>
  (await db<Inventory>('inventories').where({ resourceClass }).first('providerUuid')) !== undefined;
