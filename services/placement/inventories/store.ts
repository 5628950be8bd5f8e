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
  /** What is allocated of it. */
  readonly used: number;
  readonly updatedAt: number;
}

export type Stock = Omit<Inventory, 'providerUuid' | 'used' | 'updatedAt'>;

/** How much of it may be allocated. */
export const capacityOf = ({ total, reserved, allocationRatio }: Stock): number =>
  Math.floor((total - reserved) * allocationRatio);

interface Only {
  readonly providers?: readonly string[];
  readonly classes?: readonly string[];
}

export async function listInventories(db: Knex, only: Only): Promise<Inventory[]> {
  const query = db<Inventory>('inventories').orderBy(['providerUuid', 'resourceClass']);
  if (only.providers) query.whereIn('providerUuid', only.providers);
  if (only.classes) query.whereIn('resourceClass', only.classes);
  return (await query) as Inventory[];
}

/** Gives the classes that are in use and may not go. Writes nothing then. */
export async function replaceInventories(
  tx: Knex,
  providerUuid: string,
  stocks: readonly Stock[],
): Promise<readonly string[]> {
  const now = await tx<Inventory>('inventories').where({ providerUuid }).forUpdate();
  const kept = new Set(stocks.map(({ resourceClass }) => resourceClass));
  const going = now.filter(({ resourceClass }) => !kept.has(resourceClass));
  const inUse = going.filter(({ used }) => used > 0);
  if (inUse.length > 0) return inUse.map(({ resourceClass }) => resourceClass);
  for (const { resourceClass } of going) await tx('inventories').where({ providerUuid, resourceClass }).delete();
  for (const stock of stocks) await putInventory(tx, providerUuid, stock);
  return [];
}

/** What is used of it stays as it is. */
export async function putInventory(tx: Knex, providerUuid: string, stock: Stock): Promise<void> {
  const row = { ...stock, providerUuid, used: 0, updatedAt: Date.now() };
  const { used: _, ...changes } = row;
  await tx<Inventory>('inventories').insert(row).onConflict(['providerUuid', 'resourceClass']).merge(changes);
}

export const isClassInUse = async (db: Knex, resourceClass: string): Promise<boolean> =>
  (await db<Inventory>('inventories').where({ resourceClass }).first('providerUuid')) !== undefined;
