import type { Knex } from 'knex';
import { rowsOf } from '#shared/db/json-columns.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';

export interface Aggregate {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly hosts: readonly string[];
  /** `availability_zone` is the zone of its hosts. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

const rows = rowsOf<Aggregate>('hosts', 'metadata');

export async function insertAggregate(tx: Knex, aggregate: Omit<Aggregate, 'id'>): Promise<Aggregate> {
  const { name, uuid } = aggregate;
  if (await tx('aggregates').where({ name }).first('id')) throw conflict(`Aggregate ${name} already exists.`);
  await tx('aggregates').insert(rows.write(aggregate));
  return orNotFound(tx('aggregates').where({ uuid }), uuid);
}

/** By its number. */
export const getAggregate = (db: Knex, id: string): Promise<Aggregate> =>
  orNotFound(db('aggregates').where({ id: /^\d+$/.test(id) ? Number(id) : -1 }), id);

async function orNotFound(query: Knex.QueryBuilder, id: string): Promise<Aggregate> {
  const aggregate = await rows.find(query);
  if (!aggregate) throw new Fault(404, 'notFound', `Aggregate ${id} could not be found.`);
  return aggregate;
}

export const listAggregates = (db: Knex): Promise<Aggregate[]> => rows.list(db('aggregates').orderBy('id'));

type Change = Partial<Pick<Aggregate, 'name' | 'hosts' | 'metadata'>>;
export async function changeAggregate(tx: Knex, id: number, change: Change): Promise<void> {
  const { name } = change;
  if (name !== undefined && (await tx('aggregates').where({ name }).whereNot({ id }).first('id')))
    throw conflict(`Aggregate ${name} already exists.`);
  await tx('aggregates')
    .where({ id })
    .update({ ...rows.write(change), updatedAt: Date.now() });
}

export const removeAggregate = async (tx: Knex, id: number): Promise<void> => {
  await tx('aggregates').where({ id }).delete();
};

export const defaultZone = 'nova';

/** Host name to zone; a host without one is in the default zone. */
export async function zonesOf(db: Knex): Promise<ReadonlyMap<string, string>> {
  const pairs = (await listAggregates(db)).flatMap(({ hosts, metadata }) =>
    metadata.availability_zone ? hosts.map((host) => [host, metadata.availability_zone as string] as const) : [],
  );
  return new Map(pairs);
}
