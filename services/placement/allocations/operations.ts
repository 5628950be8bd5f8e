/** Who has how much of what, for several consumers at once: all of it, or none. */
import type { Knex } from 'knex';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';
import { isAllowed } from '../inventories/room.ts';
import { type Inventory, listInventories } from '../inventories/store.ts';
import { listProviders, raiseGenerations } from '../providers/store.ts';
import { unknownClasses } from '../resource-classes/store.ts';
import {
  type Allocation,
  type Consumer,
  giveRoomBack,
  listAllocations,
  lockConsumers,
  takeRoom,
  writeAllocations,
} from './store.ts';

/** What one consumer shall have, in place of what it has. */
export interface Claim {
  readonly consumerUuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Undefined: as it was. */
  readonly type: string | undefined;
  /** The generation that the caller saw, null for a new consumer; undefined: whatever it is. */
  readonly generation: number | null | undefined;
  /** By provider, then by class. */
  readonly resources: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export async function replaceAllocations(tx: Knex, claims: readonly Claim[]): Promise<void> {
  const uuids = claims.map(({ consumerUuid }) => consumerUuid);
  const before = new Map((await lockConsumers(tx, uuids)).map((consumer) => [consumer.uuid, consumer]));
  const consumers = claims.map((claim) => consumerAfter(claim, before.get(claim.consumerUuid)));
  const had = await listAllocations(tx, { consumers: uuids });
  const wanted = claims.flatMap(allocationsOf);
  await checkPlaces(tx, wanted, claims);
  await moveRoom(tx, had, wanted);
  await writeAllocations(tx, consumers, wanted);
  const providers = [...new Set(wanted.map(({ providerUuid }) => providerUuid))];
  if (providers.length > 0) await raiseGenerations(tx, providers);
}

/** 404 when it has none. */
export async function removeAllocations(tx: Knex, consumerUuid: string): Promise<void> {
  const consumers = await lockConsumers(tx, [consumerUuid]);
  const had = await listAllocations(tx, { consumers: [consumerUuid] });
  if (had.length === 0) throw new Fault(404, 'notFound', `No allocations for consumer '${consumerUuid}'`);
  await moveRoom(tx, had, []);
  await writeAllocations(tx, consumers, []);
}

function consumerAfter(claim: Claim, before: Consumer | undefined): Consumer {
  const { consumerUuid, projectId, userId, type, generation } = claim;
  const found = before?.generation ?? null;
  if (generation !== undefined && generation !== found)
    throw conflict(
      before
        ? `consumer generation conflict - expected ${found} but got ${generation}`
        : `consumer generation conflict - expected null but got ${generation}`,
      codes.concurrentUpdate,
    );
  return {
    uuid: consumerUuid,
    projectId,
    userId,
    type: type ?? before?.type ?? null,
    generation: (found ?? 0) + 1,
    updatedAt: Date.now(),
  };
}

const allocationsOf = ({ consumerUuid, resources }: Claim): Allocation[] =>
  Object.entries(resources).flatMap(([providerUuid, amounts]) =>
    Object.entries(amounts).map(([resourceClass, used]) => ({ consumerUuid, providerUuid, resourceClass, used })),
  );

async function checkPlaces(tx: Knex, wanted: readonly Allocation[], claims: readonly Claim[]): Promise<void> {
  const uuids = [...new Set(claims.flatMap(({ resources }) => Object.keys(resources)))];
  const known = new Set((await listProviders(tx, { uuids })).map(({ uuid }) => uuid));
  const missing = uuids.find((uuid) => !known.has(uuid));
  if (missing !== undefined) throw badRequest(`Allocation for resource provider '${missing}' that does not exist.`);
  const [unknown] = await unknownClasses(
    tx,
    wanted.map(({ resourceClass }) => resourceClass),
  );
  if (unknown === undefined) return;
  const whose = claims.length === 1 ? ` for consumer ${claims[0]?.consumerUuid}:` : '';
  throw badRequest(`Unable to allocate inventory${whose} No such resource class ${unknown}.`);
}

const placeOf = ({ providerUuid, resourceClass }: Pick<Allocation, 'providerUuid' | 'resourceClass'>) =>
  `${providerUuid}/${resourceClass}`;

/** What is given back counts before what is taken: a move within one provider needs no more room than its end. */
async function moveRoom(tx: Knex, had: readonly Allocation[], wanted: readonly Allocation[]): Promise<void> {
  const change = new Map<string, number>();
  const add = (allocation: Allocation, sign: number) =>
    change.set(placeOf(allocation), (change.get(placeOf(allocation)) ?? 0) + sign * allocation.used);
  for (const allocation of had) add(allocation, -1);
  for (const allocation of wanted) add(allocation, 1);
  const stocks = await stocksOf(tx, wanted);
  for (const allocation of wanted) checkAmount(stocks.get(placeOf(allocation)), allocation);
  for (const place of [...change.keys()].sort((one, other) => (one < other ? -1 : 1))) {
    const [providerUuid = '', resourceClass = ''] = place.split('/');
    const amount = change.get(place) ?? 0;
    if (amount < 0) await giveRoomBack(tx, { providerUuid, resourceClass }, -amount);
    const stock = stocks.get(place);
    if (amount <= 0 || !stock || (await takeRoom(tx, stock, amount))) continue;
    throw conflict(
      `Unable to allocate inventory: Unable to create allocation for '${resourceClass}' on resource provider '${providerUuid}'. The requested amount would exceed the capacity.`,
    );
  }
}

async function stocksOf(tx: Knex, wanted: readonly Allocation[]): Promise<Map<string, Inventory>> {
  if (wanted.length === 0) return new Map();
  const providers = [...new Set(wanted.map(({ providerUuid }) => providerUuid))];
  return new Map((await listInventories(tx, { providers })).map((stock) => [placeOf(stock), stock]));
}

function checkAmount(stock: Inventory | undefined, { providerUuid, resourceClass, used }: Allocation): void {
  const refusal = 'Unable to allocate inventory:';
  if (!stock)
    throw conflict(`${refusal} Inventory for '${resourceClass}' on resource provider '${providerUuid}' invalid.`);
  if (!isAllowed(stock, used))
    throw conflict(
      `${refusal} Unable to create allocation for '${resourceClass}' on resource provider '${providerUuid}'. The requested amount would violate inventory constraints.`,
    );
}
