import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';
import { capacityOf, type Inventory } from '../inventories/store.ts';

export interface Consumer {
  readonly uuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Null for who was never told one (before 1.38). */
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

/** Nobody else changes what they have until the transaction ends. */
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

/** What they had is forgotten, what is given is all they have. Sums are the caller's to keep. */
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

/** A new consumer cannot be locked before it is there: of two who make the same one, the later was too late. */
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

type Place = Pick<Allocation, 'providerUuid' | 'resourceClass'>;

/** False when there is no room for it any more: one UPDATE decides every race. */
export async function takeRoom(tx: Knex, stock: Inventory, amount: number): Promise<boolean> {
  const { providerUuid, resourceClass, total, reserved, allocationRatio } = stock;
  const same = { providerUuid, resourceClass, total, reserved, allocationRatio };
  const left = tx<Inventory>('inventories')
    .where(same)
    .where('used', '<=', capacityOf(stock) - amount);
  return (await left.increment('used', amount)) > 0;
}

export const giveRoomBack = (tx: Knex, { providerUuid, resourceClass }: Place, amount: number) =>
  tx<Inventory>('inventories').where({ providerUuid, resourceClass }).decrement('used', amount);
