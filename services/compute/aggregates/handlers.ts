import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { getHostByName } from '../hosts/store.ts';
import { usedOnHosts } from '../usages/store.ts';
import {
  type Aggregate,
  changeAggregate,
  getAggregate,
  insertAggregate,
  listAggregates,
  removeAggregate,
} from './store.ts';

const aggregateView = (aggregate: Aggregate, version: Version) => ({
  id: aggregate.id,
  name: aggregate.name,
  hosts: aggregate.hosts,
  metadata: aggregate.metadata,
  availability_zone: aggregate.metadata.availability_zone ?? null,
  created_at: longTime(aggregate.createdAt),
  updated_at: longTime(aggregate.updatedAt),
  deleted: false,
  deleted_at: null,
  ...(atLeast(version, '2.41') ? { uuid: aggregate.uuid } : {}),
});

const listAllAggregates: Handler<Compute> = async ({ db }, { version }) =>
  ok({ aggregates: (await listAggregates(db)).map((each) => aggregateView(each, version)) });

const showAggregate: Handler<Compute, unknown, 'id'> = async ({ db }, { params, version }) =>
  ok({ aggregate: aggregateView(await getAggregate(db, params.id), version) });

interface AggregateBody {
  readonly aggregate: { readonly name?: string; readonly availability_zone?: string | null };
}

const zoneOf = (zone: string | null | undefined): Record<string, string> => (zone ? { availability_zone: zone } : {});

const createAggregate: Handler<Compute, AggregateBody> = async ({ db }, { body, version }) => {
  const { name = '', availability_zone } = body.aggregate;
  const fresh = {
    uuid: randomUUID(),
    name: name.trim(),
    hosts: [],
    metadata: zoneOf(availability_zone),
    createdAt: Date.now(),
    updatedAt: null,
  };
  const made = await db.transaction((tx) => insertAggregate(tx, fresh));
  const { hosts: _, metadata: __, ...view } = aggregateView(made, version);
  return ok({ aggregate: view });
};

type Change = Parameters<typeof changeAggregate>[2];

/** Changes an aggregate in one transaction, and answers with it. */
const changing =
  <Body>(
    change: (tx: Knex, aggregate: Aggregate, body: Body) => Change | Promise<Change>,
  ): Handler<Compute, Body, 'id'> =>
  async ({ db }, { params, body, version }) => {
    const changed = await db.transaction(async (tx) => {
      const aggregate = await getAggregate(tx, params.id);
      await changeAggregate(tx, aggregate.id, await change(tx, aggregate, body));
      return getAggregate(tx, params.id);
    });
    return ok({ aggregate: aggregateView(changed, version) });
  };

const updateAggregate = changing<AggregateBody>(
  (_tx, { metadata }, { aggregate: { name, availability_zone: zone } }) => {
    const { availability_zone: _, ...rest } = metadata;
    return {
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(zone === undefined ? {} : { metadata: { ...rest, ...zoneOf(zone) } }),
    };
  },
);

const deleteAggregate: Handler<Compute, unknown, 'id'> = async ({ db }, { params }) => {
  const { id, hosts } = await getAggregate(db, params.id);
  if (hosts.length > 0) throw badRequest(`Aggregate ${id} is not empty: remove its hosts first.`);
  await removeAggregate(db, id);
  return ok(undefined);
};

type HostBody<Key extends string> = { readonly [Name in Key]: { readonly host: string } };

const addHost = changing<HostBody<'add_host'>>(async (tx, { id, hosts, metadata }, { add_host: { host } }) => {
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

const removeHost = changing<HostBody<'remove_host'>>((_tx, { id, hosts }, { remove_host: { host } }) => {
  if (!hosts.includes(host)) throw new Fault(404, 'notFound', `Aggregate ${id} has no host ${host}.`);
  return { hosts: hosts.filter((each) => each !== host) };
});

interface MetadataBody {
  readonly set_metadata: { readonly metadata: Readonly<Record<string, string | null>> };
}

/** A null removes the key. */
const setMetadata = changing<MetadataBody>((_tx, { metadata }, body) => {
  const merged = Object.entries({ ...metadata, ...body.set_metadata.metadata });
  const kept = merged.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { metadata: Object.fromEntries(kept) };
});

const path = '/v2.1/os-aggregates';
const one = `${path}/:id`;
const rule = 'os_compute_api:os-aggregates';
const act = { method: 'post', path: `${one}/action` } as const;

export const aggregateRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listAllAggregates, rule: `${rule}:index` },
  { method: 'post', path, handler: createAggregate, rule: `${rule}:create` },
  { method: 'get', path: one, handler: showAggregate, rule: `${rule}:show` },
  { method: 'put', path: one, handler: updateAggregate, rule: `${rule}:update` },
  { method: 'delete', path: one, handler: deleteAggregate, rule: `${rule}:delete` },
  { ...act, action: 'add_host', handler: addHost, rule: `${rule}:add_host` },
  { ...act, action: 'remove_host', handler: removeHost, rule: `${rule}:remove_host` },
  { ...act, action: 'set_metadata', handler: setMetadata, rule: `${rule}:set_metadata` },
];
