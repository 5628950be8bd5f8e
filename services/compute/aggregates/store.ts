import type { Knex } from 'knex';
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

const fromRow = (row: Record<string, unknown>): Aggregate =>
  ({
    ...row,
    hosts: JSON.parse(String(row.hosts)),
    metadata: JSON.parse(String(row.metadata)),
  }) as unknown as Aggregate;

export async function insertAggregate(tx: Knex, aggregate: Omit<Aggregate, 'id'>): Promise<Aggregate> {
  const { name, uuid, hosts, metadata } = aggregate;
  if (await tx('aggregates').where({ name }).first('id')) throw conflict(`Aggregate ${name} already exists.`);
  await tx('aggregates').insert({
    ...aggregate,
    hosts: JSON.stringify(hosts),
    metadata: JSON.stringify(metadata),
  });
  return fromRow((await tx('aggregates').where({ uuid }).first()) as Record<string, unknown>);
}

export async function getAggregate(db: Knex, id: string): Promise<Aggregate> {
  const row: unknown = /^\d+$/.test(id)
    ? await db('aggregates')
        .where({ id: Number(id) })
        .first()
    : undefined;
  if (!row) throw new Fault(404, 'notFound', `Aggregate ${id} could not be found.`);
  return fromRow(row as Record<string, unknown>);
}

export const listAggregates = async (db: Knex): Promise<Aggregate[]> =>
  ((await db('aggregates').orderBy('id')) as Record<string, unknown>[]).map(fromRow);

type Change = Partial<Pick<Aggregate, 'name' | 'hosts' | 'metadata'>>;
export async function changeAggregate(tx: Knex, id: number, { name, hosts, metadata }: Change): Promise<void> {
  if (name !== undefined && (await tx('aggregates').where({ name }).whereNot({ id }).first('id')))
    throw conflict(`Aggregate ${name} already exists.`);
  await tx('aggregates')
    .where({ id })
    .update({
      updatedAt: Date.now(),
      ...(name === undefined ? {} : { name }),
      ...(hosts === undefined ? {} : { hosts: JSON.stringify(hosts) }),
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    });
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
