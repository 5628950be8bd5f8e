import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';
import { capacityOf, type Inventory } from '../inventories/store.ts';

export interface Consumer {
  readonly uuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Null when the client did not send one (before 1.38). */
  readonly type: string | null;
  readonly generation: number;
  readonly updatedAt: number;
}

export interface Allocation {
  readonly consumerUuid: string;
  readonly providerUuid: string;
  readonly resourceClass: string;
  readonly used: number;
}

export const listConsumers = async (db: Knex, uuids: readonly string[]): Promise<Consumer[]> =>
  db<Consumer>('consumers').whereIn('uuid', uuids);

/** Locks the consumers until the end of the transaction. */
export const lockConsumers = async (tx: Knex, uuids: readonly string[]): Promise<Consumer[]> =>
  tx<Consumer>('consumers').whereIn('uuid', uuids).orderBy('uuid').forUpdate();

export const listAllocations = async (
  db: Knex,
  where: { readonly consumers: readonly string[] } | { readonly provider: string },
): Promise<Allocation[]> => {
  const query = db<Allocation>('allocations').orderBy(['consumerUuid', 'providerUuid', 'resourceClass']);
  return 'provider' in where
    ? query.where({ providerUuid: where.provider })
    : query.whereIn('consumerUuid', where.consumers);
};

export const hasAllocations = async (db: Knex, providerUuid: string): Promise<boolean> =>
  (await db<Allocation>('allocations').where({ providerUuid }).first('consumerUuid')) !== undefined;

/** Replaces all allocations of the consumers. The caller updates `used` of the inventories. */
export async function writeAllocations(
  tx: Knex,
  consumers: readonly Consumer[],
  allocations: readonly Allocation[],
): Promise<void> {
  const uuids = consumers.map(({ uuid }) => uuid);
  await tx<Allocation>('allocations').whereIn('consumerUuid', uuids).delete();
  await tx<Consumer>('consumers').whereIn('uuid', uuids).delete();
  const holding = new Set(allocations.map(({ consumerUuid }) => consumerUuid));
  const kept = consumers.filter(({ uuid }) => holding.has(uuid));
  if (kept.length > 0) await insertConsumers(tx, kept);
  if (allocations.length > 0) await tx<Allocation>('allocations').insert([...allocations]);
}

/** A consumer cannot be locked before it exists: of two concurrent inserts the later one gets 409. */
async function insertConsumers(tx: Knex, consumers: readonly Consumer[]): Promise<void> {
  try {
    await tx<Consumer>('consumers').insert([...consumers]);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw conflict(
      'Inventory and/or allocations changed while attempting to allocate: another thread made the consumer',
      codes.concurrentUpdate,
    );
  }
}

type InventoryKey = Pick<Allocation, 'providerUuid' | 'resourceClass'>;

/** One conditional UPDATE; returns false when the capacity does not suffice. */
export async function increaseUsed(tx: Knex, inventory: Inventory, amount: number): Promise<boolean> {
  const { providerUuid, resourceClass, total, reserved, allocationRatio } = inventory;
  const same = { providerUuid, resourceClass, total, reserved, allocationRatio };
  const withCapacity = tx<Inventory>('inventories')
    .where(same)
    .where('used', '<=', capacityOf(inventory) - amount);
  return (await withCapacity.increment('used', amount)) > 0;
}

export const decreaseUsed = (tx: Knex, { providerUuid, resourceClass }: InventoryKey, amount: number) =>
  tx<Inventory>('inventories').where({ providerUuid, resourceClass }).decrement('used', amount);
