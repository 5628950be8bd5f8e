import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { type Aggregate, aggregateColumns, aggregateRows, missingAggregate } from './resource.ts';

export async function insertAggregate(tx: Knex, aggregate: Omit<Aggregate, 'id'>): Promise<Aggregate> {
  await refuseTaken(tx, aggregate.name);
  await tx('aggregates').insert(aggregateColumns.write(aggregate));
  return aggregateRows.expect(tx, { uuid: aggregate.uuid });
}

async function refuseTaken(tx: Knex, name: string, except = 0): Promise<void> {
  if (await tx('aggregates').where({ name }).whereNot({ id: except }).first('id'))
    throw conflict(`Aggregate ${name} already exists.`);
}

/** By its number. */
export async function getAggregate(db: Knex, id: string): Promise<Aggregate> {
  const found = /^\d+$/.test(id) ? await aggregateRows.find(db, { id: Number(id) }) : undefined;
  if (!found) throw missingAggregate(id);
  return found;
}

export const listAggregates = (db: Knex): Promise<Aggregate[]> => aggregateColumns.list(db('aggregates').orderBy('id'));

export type Change = Partial<Pick<Aggregate, 'name' | 'hosts' | 'metadata'>>;
export async function changeAggregate(tx: Knex, id: number, change: Change): Promise<void> {
  if (change.name !== undefined) await refuseTaken(tx, change.name, id);
  await aggregateRows.update(tx, { id }, change);
}

export const defaultZone = 'nova';

/** Host name to zone; a host without one is in the default zone. */
export async function zonesOf(db: Knex): Promise<ReadonlyMap<string, string>> {
  const pairs = (await listAggregates(db)).flatMap(({ hosts, metadata }) =>
    metadata.availability_zone ? hosts.map((host) => [host, metadata.availability_zone as string] as const) : [],
  );
  return new Map(pairs);
}
