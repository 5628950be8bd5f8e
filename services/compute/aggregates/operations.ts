import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { getHostByName } from '../hosts/store.ts';
import { usedOnHosts } from '../usages/store.ts';
import { type Aggregate, type AggregateChange, aggregateRows, type NewAggregate } from './resource.ts';
import { type Change, changeAggregate, getAggregate, insertAggregate, listAggregates } from './store.ts';

const zoneOf = (zone: string | null | undefined): Record<string, string> => (zone ? { availability_zone: zone } : {});

export const createAggregate = ({ db }: Compute, { name, availabilityZone }: NewAggregate): Promise<Aggregate> =>
  db.transaction((tx) =>
    insertAggregate(tx, {
      uuid: randomUUID(),
      name,
      hosts: [],
      metadata: zoneOf(availabilityZone),
      createdAt: Date.now(),
      updatedAt: null,
    }),
  );

/** Changes an aggregate as it is then, in one transaction. */
const changing =
  <Input>(change: (aggregate: Aggregate, input: Input, tx: Knex) => Change | Promise<Change>) =>
  ({ db }: Compute, { id }: Pick<Aggregate, 'id'>, input: Input): Promise<Aggregate> =>
    db.transaction(async (tx) => {
      await changeAggregate(tx, id, await change(await getAggregate(tx, String(id)), input, tx));
      return getAggregate(tx, String(id));
    });

export const updateAggregate = changing<AggregateChange>(({ metadata }, { name, availabilityZone: zone }) => {
  const { availability_zone: _, ...rest } = metadata;
  return {
    ...(name === undefined ? {} : { name }),
    ...(zone === undefined ? {} : { metadata: { ...rest, ...zoneOf(zone) } }),
  };
});

export async function deleteAggregate({ db }: Compute, { id, hosts }: Aggregate): Promise<void> {
  if (hosts.length > 0) throw badRequest(`Aggregate ${id} is not empty: remove its hosts first.`);
  await aggregateRows.remove(db, { id });
}

export interface HostInput {
  readonly host: string;
}

export const addHost = changing<HostInput>(async ({ id, hosts, metadata }, { host }, tx) => {
  await getHostByName(tx, host);
  if (hosts.includes(host)) throw conflict(`Aggregate ${id} already has host ${host}.`);
  await checkOneZone(tx, host, metadata.availability_zone);
  return { hosts: [...hosts, host] };
});

/** A host is in at most one zone, and a host with servers cannot change it. */
async function checkOneZone(db: Knex, host: string, zone: string | undefined): Promise<void> {
  if (zone === undefined) return;
  const others = (await listAggregates(db)).filter(({ hosts }) => hosts.includes(host));
  const other = others.find(({ metadata }) => metadata.availability_zone && metadata.availability_zone !== zone);
  if (other) throw conflict(`Host ${host} is in zone ${other.metadata.availability_zone} already.`);
  if (others.length === 0 && (await usedOnHosts(db, [host])).has(host))
    throw conflict(`Host ${host} has servers, which cannot change their availability zone.`);
}

export const removeHost = changing<HostInput>(({ id, hosts }, { host }) => {
  if (!hosts.includes(host)) throw new Fault(404, 'notFound', `Aggregate ${id} has no host ${host}.`);
  return { hosts: hosts.filter((each) => each !== host) };
});

export interface MetadataInput {
  readonly metadata: Readonly<Record<string, string | null>>;
}

/** A null removes the key. */
export const setMetadata = changing<MetadataInput>(({ metadata }, input) => {
  const merged = Object.entries({ ...metadata, ...input.metadata });
  const kept = merged.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { metadata: Object.fromEntries(kept) };
});
