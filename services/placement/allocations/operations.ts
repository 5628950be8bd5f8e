/** Replaces the allocations of several consumers in one transaction. */
import type { Knex } from 'knex';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';
import { type Inventory, isAllowed, listInventories } from '../inventories/store.ts';
import { listProviders, raiseGenerations } from '../providers/store.ts';
import { classes } from '../resource-classes/store.ts';
import {
  type Allocation,
  type Consumer,
  decreaseUsed,
  increaseUsed,
  listAllocations,
  lockConsumers,
  writeAllocations,
} from './store.ts';

/** The new allocations of one consumer; they replace its current ones. */
export interface Claim {
  readonly consumerUuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Undefined: unchanged. */
  readonly type: string | undefined;
  /** The generation that the caller has read, null for a new consumer; undefined: not checked. */
  readonly generation: number | null | undefined;
  /** Amounts by provider and resource class. */
  readonly resources: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export async function replaceAllocations(tx: Knex, claims: readonly Claim[]): Promise<void> {
  const uuids = claims.map(({ consumerUuid }) => consumerUuid);
  const before = new Map((await lockConsumers(tx, uuids)).map((consumer) => [consumer.uuid, consumer]));
  const consumers = claims.map((claim) => consumerAfter(claim, before.get(claim.consumerUuid)));
  const had = await listAllocations(tx, { consumers: uuids });
  const wanted = claims.flatMap(allocationsOf);
  await checkProvidersAndClasses(tx, wanted, claims);
  await updateUsed(tx, had, wanted);
  await writeAllocations(tx, consumers, wanted);
  const providers = [...new Set(wanted.map(({ providerUuid }) => providerUuid))];
  if (providers.length > 0) await raiseGenerations(tx, providers);
}

/** Throws 404 when the consumer has no allocations. */
export async function removeAllocations(tx: Knex, consumerUuid: string): Promise<void> {
  const consumers = await lockConsumers(tx, [consumerUuid]);
  const had = await listAllocations(tx, { consumers: [consumerUuid] });
  if (had.length === 0) throw new Fault(404, 'notFound', `No allocations for consumer '${consumerUuid}'`);
  await updateUsed(tx, had, []);
  await writeAllocations(tx, consumers, []);
}

function consumerAfter(claim: Claim, before: Consumer | undefined): Consumer {
  const { consumerUuid, projectId, userId, type, generation } = claim;
  const found = before?.generation ?? null;
  if (generation !== undefined && generation !== found)
    throw conflict(`consumer generation conflict - expected ${found} but got ${generation}`, codes.concurrentUpdate);
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

async function checkProvidersAndClasses(
  tx: Knex,
  wanted: readonly Allocation[],
  claims: readonly Claim[],
): Promise<void> {
  const uuids = [...new Set(claims.flatMap(({ resources }) => Object.keys(resources)))];
  const known = new Set((await listProviders(tx, { uuids })).map(({ uuid }) => uuid));
  const missing = uuids.find((uuid) => !known.has(uuid));
  if (missing !== undefined) throw badRequest(`Allocation for resource provider '${missing}' that does not exist.`);
  const [unknown] = await classes.unknown(
    tx,
    wanted.map(({ resourceClass }) => resourceClass),
  );
  if (unknown === undefined) return;
  const whose = claims.length === 1 ? ` for consumer ${claims[0]?.consumerUuid}:` : '';
  throw badRequest(`Unable to allocate inventory${whose} No such resource class ${unknown}.`);
}

const inventoryKey = ({ providerUuid, resourceClass }: Pick<Allocation, 'providerUuid' | 'resourceClass'>) =>
  `${providerUuid}/${resourceClass}`;

/** Updates `used` by the net change per inventory, so a change within one provider needs no more capacity than its result. */
async function updateUsed(tx: Knex, had: readonly Allocation[], wanted: readonly Allocation[]): Promise<void> {
  const providers = [...new Set(wanted.map(({ providerUuid }) => providerUuid))];
  const rows = providers.length > 0 ? await listInventories(tx, { providers }) : [];
  const inventories = new Map(rows.map((inventory) => [inventoryKey(inventory), inventory]));
  for (const allocation of wanted) checkAmount(inventories.get(inventoryKey(allocation)), allocation);
  const changes = [...had.map(({ used, ...rest }) => ({ ...rest, used: -used })), ...wanted];
  const byInventory = [...Map.groupBy(changes, inventoryKey)].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [key, [first, ...rest]] of byInventory) {
    if (!first) continue;
    const amount = rest.reduce((sum, { used }) => sum + used, first.used);
    const inventory = inventories.get(key);
    if (amount < 0) await decreaseUsed(tx, first, -amount);
    if (amount <= 0 || !inventory || (await increaseUsed(tx, inventory, amount))) continue;
    throw conflict(
      `Unable to allocate inventory: Unable to create allocation for '${first.resourceClass}' on resource provider '${first.providerUuid}'. The requested amount would exceed the capacity.`,
    );
  }
}

function checkAmount(inventory: Inventory | undefined, { providerUuid, resourceClass, used }: Allocation): void {
  const refusal = 'Unable to allocate inventory:';
  if (!inventory)
    throw conflict(`${refusal} Inventory for '${resourceClass}' on resource provider '${providerUuid}' invalid.`);
  if (!isAllowed(inventory, used))
    throw conflict(
      `${refusal} Unable to create allocation for '${resourceClass}' on resource provider '${providerUuid}'. The requested amount would violate inventory constraints.`,
    );
}
