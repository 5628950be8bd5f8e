/** Filters providers by name, uuid, free resources, traits, aggregates and tree. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { aggregatesOf } from '../aggregates/store.ts';
import type { Placement } from '../context.ts';
import { fitsInventory } from '../inventories/capacity.ts';
import { type Inventory, listInventories } from '../inventories/store.ts';
import { checkTraits } from '../queries/known-traits.ts';
import { type Amounts, checkAmounts, resourcesOf } from '../queries/resources.ts';
import { aggregatesQuery, checkUuid, fits, isUnrestricted, traitsQuery } from '../queries/sets.ts';
import { traitsOf } from '../traits/store.ts';
import { listProviders, type Provider } from './store.ts';

type Queries = Readonly<Record<string, readonly string[]>>;

const keys: readonly [string, Version][] = [
  ['name', '1.0'],
  ['uuid', '1.0'],
  ['member_of', '1.3'],
  ['resources', '1.4'],
  ['in_tree', '1.14'],
  ['required', '1.18'],
];

export async function searchProviders({ db }: Placement, queries: Queries, version: Version): Promise<Provider[]> {
  checkKeys(queries, version);
  const last = (key: string) => queries[key]?.at(-1);
  const [uuid, inTree, resources] = [last('uuid'), last('in_tree'), last('resources')];
  const traits = traitsQuery(queries.required ?? [], version);
  const aggregates = aggregatesQuery('member_of', queries.member_of ?? [], version);
  const amounts = resources === undefined ? {} : resourcesOf(resources);
  await checkAmounts(db, [amounts]);
  await checkTraits(db, [traits], 'Invalid trait(s) in "required" parameter: ');
  const name = last('name');
  const found = await listProviders(db, {
    ...(uuid === undefined ? {} : { uuids: [checkUuid('uuid', uuid)] }),
    ...(name === undefined ? {} : { name }),
    ...(inTree === undefined ? {} : { roots: await rootOf(db, checkUuid('in_tree', inTree)) }),
  });
  const hasTraits = isUnrestricted(traits) ? new Map<string, string[]>() : await traitsOf(db);
  const isMember = isUnrestricted(aggregates) ? new Map<string, string[]>() : await aggregatesOf(db);
  const withCapacity = resources === undefined ? undefined : await providersWithCapacity(db, amounts);
  return found.filter(
    (provider) =>
      fits(traits, (trait) => hasTraits.get(provider.uuid)?.includes(trait) ?? false) &&
      fits(aggregates, (aggregate) => isMember.get(provider.uuid)?.includes(aggregate) ?? false) &&
      (withCapacity === undefined || withCapacity.has(provider.uuid)),
  );
}

function checkKeys(queries: Queries, version: Version): void {
  const known = new Set(keys.filter(([, first]) => atLeast(version, first)).map(([key]) => key));
  const unknown = Object.keys(queries).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw badRequest(
      `Invalid query string parameters: Additional properties are not allowed ('${unknown}' was unexpected)`,
    );
}

async function rootOf(db: Placement['db'], uuid: string): Promise<string[]> {
  return (await listProviders(db, { uuids: [uuid] })).map(({ rootUuid }) => rootUuid);
}

/** The providers that have free capacity for all amounts. */
async function providersWithCapacity(db: Placement['db'], amounts: Amounts): Promise<Set<string>> {
  const inventories = Map.groupBy(
    await listInventories(db, { classes: Object.keys(amounts) }),
    (each) => each.providerUuid,
  );
  const holdsAll = (rows: readonly Inventory[]) =>
    Object.entries(amounts).every(([name, amount]) =>
      rows.some((row) => row.resourceClass === name && fitsInventory(row, amount)),
    );
  return new Set([...inventories].filter(([, rows]) => holdsAll(rows)).map(([uuid]) => uuid));
}
