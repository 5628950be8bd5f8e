import type { Knex } from 'knex';
import type { Amounts } from './attributes.ts';

export interface InventoryFields extends Amounts {
  readonly resourceClass: string;
}

export interface Inventory extends InventoryFields {
  readonly providerUuid: string;
  /** The sum of its allocations. */
  readonly used: number;
  readonly updatedAt: number;
}

/** The amount that may be allocated. */
export const capacityOf = ({ total, reserved, allocationRatio }: Amounts): number =>
  Math.floor((total - reserved) * allocationRatio);

/** Whether the amount fits min_unit, max_unit and step_size, independently of usage. */
export const isAllowed = ({ minUnit, maxUnit, stepSize }: Amounts, amount: number): boolean =>
  amount >= minUnit && amount <= maxUnit && amount % stepSize === 0;

export const fitsInventory = (inventory: Inventory, amount: number): boolean =>
  isAllowed(inventory, amount) && inventory.used + amount <= capacityOf(inventory);

/** The uuids of the providers with inventory of one of the classes. */
export const providersOf = (db: Knex, classes: readonly string[]): Knex.QueryBuilder =>
  db<Inventory>('inventories').whereIn('resourceClass', classes).select('providerUuid');

/** The uuids of the providers whose inventory fits the amount. */
export const providersWithCapacity = (db: Knex, resourceClass: string, amount: number): Knex.QueryBuilder =>
  db<Inventory>('inventories')
    .where({ resourceClass })
    .where('minUnit', '<=', amount)
    .where('maxUnit', '>=', amount)
    .whereRaw('? % ?? = 0', [amount, 'stepSize'])
    .whereRaw('?? + ? <= (?? - ??) * ??', ['used', amount, 'total', 'reserved', 'allocationRatio'])
    .select('providerUuid');

export interface InventoryFilter {
  readonly providers?: readonly string[];
  readonly classes?: readonly string[];
}

export async function listInventories(db: Knex, filter: InventoryFilter): Promise<Inventory[]> {
  const query = db<Inventory>('inventories').orderBy(['providerUuid', 'resourceClass']);
  if (filter.providers) query.whereIn('providerUuid', filter.providers);
  if (filter.classes) query.whereIn('resourceClass', filter.classes);
  return (await query) as Inventory[];
}

export const findInventory = async (
  db: Knex,
  providerUuid: string,
  resourceClass: string,
): Promise<Inventory | undefined> => db<Inventory>('inventories').where({ providerUuid, resourceClass }).first();

/** Returns the classes that are in use; then it deletes nothing. */
export async function deleteInventories(
  tx: Knex,
  providerUuid: string,
  classes: readonly string[],
): Promise<readonly string[]> {
  const inventories = tx<Inventory>('inventories').where({ providerUuid }).whereIn('resourceClass', classes);
  const inUse = (await inventories.clone().forUpdate()).filter(({ used }) => used > 0);
  if (inUse.length === 0) await inventories.delete();
  return inUse.map(({ resourceClass }) => resourceClass);
}

/** Inserts or updates the inventory; `used` does not change. */
export async function putInventory(tx: Knex, providerUuid: string, inventory: InventoryFields): Promise<void> {
  const row = { ...inventory, providerUuid, updatedAt: Date.now() };
  await tx<Inventory>('inventories')
    .insert({ ...row, used: 0 })
    .onConflict(['providerUuid', 'resourceClass'])
    .merge(row);
}

export const isClassInUse = async (db: Knex, resourceClass: string): Promise<boolean> =>
  (await db<Inventory>('inventories').where({ resourceClass }).first('providerUuid')) !== undefined;
