import { randomUUID } from 'node:crypto';
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

const updateAggregate: Handler<Compute, AggregateBody, 'id'> = async ({ db }, { params, body, version }) => {
  const { name, availability_zone: zone } = body.aggregate;
  const changed = await db.transaction(async (tx) => {
    const { id, metadata } = await getAggregate(tx, params.id);
    const { availability_zone: _, ...rest } = metadata;
    await changeAggregate(tx, id, {
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(zone === undefined ? {} : { metadata: { ...rest, ...zoneOf(zone) } }),
    });
    return getAggregate(tx, String(id));
  });
  return ok({ aggregate: aggregateView(changed, version) });
};

const deleteAggregate: Handler<Compute, unknown, 'id'> = async ({ db }, { params }) => {
  const { id, hosts } = await getAggregate(db, params.id);
  if (hosts.length > 0) throw badRequest(`Aggregate ${id} is not empty: remove its hosts first.`);
  await removeAggregate(db, id);
  return ok(undefined);
};

type HostBody<Key extends string> = { readonly [Name in Key]: { readonly host: string } };

const addHost: Handler<Compute, HostBody<'add_host'>, 'id'> = async ({ db }, { params, body, version }) => {
  const { host } = body.add_host;
  await getHostByName(db, host);
  const changed = await db.transaction(async (tx) => {
    const { id, hosts, metadata } = await getAggregate(tx, params.id);
    if (hosts.includes(host)) throw conflict(`Aggregate ${id} already has host ${host}.`);
    await checkOneZone(tx, host, metadata.availability_zone);
    await changeAggregate(tx, id, { hosts: [...hosts, host] });
    return getAggregate(tx, String(id));
  });
  return ok({ aggregate: aggregateView(changed, version) });
};

/** A host is in at most one zone, and a host with servers cannot change it. */
async function checkOneZone(db: Compute['db'], host: string, zone: string | undefined): Promise<void> {
  if (zone === undefined) return;
  const others = (await listAggregates(db)).filter(({ hosts }) => hosts.includes(host));
  const other = others.find(({ metadata }) => metadata.availability_zone && metadata.availability_zone !== zone);
  if (other) throw conflict(`Host ${host} is in zone ${other.metadata.availability_zone} already.`);
  if (others.length === 0 && (await usedOnHosts(db)).has(host))
    throw conflict(`Host ${host} has servers, which cannot change their availability zone.`);
}

const removeHost: Handler<Compute, HostBody<'remove_host'>, 'id'> = async ({ db }, { params, body, version }) => {
  const { host } = body.remove_host;
  const changed = await db.transaction(async (tx) => {
    const { id, hosts } = await getAggregate(tx, params.id);
    if (!hosts.includes(host)) throw new Fault(404, 'notFound', `Aggregate ${id} has no host ${host}.`);
    await changeAggregate(tx, id, { hosts: hosts.filter((each) => each !== host) });
    return getAggregate(tx, String(id));
  });
  return ok({ aggregate: aggregateView(changed, version) });
};

interface MetadataBody {
  readonly set_metadata: { readonly metadata: Readonly<Record<string, string | null>> };
}

/** A null removes the key. */
const setAggregateMetadata: Handler<Compute, MetadataBody, 'id'> = async ({ db }, { params, body, version }) => {
  const changed = await db.transaction(async (tx) => {
    const { id, metadata } = await getAggregate(tx, params.id);
    const merged = Object.entries({ ...metadata, ...body.set_metadata.metadata });
    const kept = merged.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
    await changeAggregate(tx, id, { metadata: Object.fromEntries(kept) });
    return getAggregate(tx, String(id));
  });
  return ok({ aggregate: aggregateView(changed, version) });
};

const path = '/v2.1/os-aggregates';
const one = `${path}/:id`;
const rule = 'os_compute_api:os-aggregates';

export const aggregateRoutes: Route<Compute>[] = [
  { method: 'get', path: path, handler: listAllAggregates, rule: `${rule}:index` },
  { method: 'post', path: path, handler: createAggregate, rule: `${rule}:create` },
  { method: 'get', path: one, handler: showAggregate, rule: `${rule}:show` },
  { method: 'put', path: one, handler: updateAggregate, rule: `${rule}:update` },
  { method: 'delete', path: one, handler: deleteAggregate, rule: `${rule}:delete` },
  { method: 'post', path: `${one}/action`, handler: addHost, rule: `${rule}:add_host`, action: 'add_host' },
  { method: 'post', path: `${one}/action`, handler: removeHost, rule: `${rule}:remove_host`, action: 'remove_host' },
  {
    method: 'post',
    path: `${one}/action`,
    handler: setAggregateMetadata,
    rule: `${rule}:set_metadata`,
    action: 'set_metadata',
  },
];
