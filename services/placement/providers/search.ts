/** Filters providers by name, uuid, free resources, traits, aggregates and tree. */
import type { Version } from '#shared/api/versions.ts';
import { providerAggregates } from '../aggregates/store.ts';
import type { Placement } from '../context.ts';
import { providersWithCapacity } from '../inventories/store.ts';
import { checkNames } from '../queries/known.ts';
import { resourcesOf } from '../queries/resources.ts';
import { aggregatesQuery, checkUuid, traitsQuery } from '../queries/sets.ts';
import { providerTraits } from '../traits/store.ts';
import { listProviders, type Provider } from './store.ts';

type Queries = Readonly<Record<string, readonly string[]>>;

export async function searchProviders({ db }: Placement, queries: Queries, version: Version): Promise<Provider[]> {
  const last = (key: string) => queries[key]?.at(-1);
  const [name, uuid, inTree, resources] = [last('name'), last('uuid'), last('in_tree'), last('resources')];
  const traits = traitsQuery(queries.required ?? [], version);
  const aggregates = aggregatesQuery('member_of', queries.member_of ?? [], version);
  const amounts = resources === undefined ? {} : resourcesOf(resources);
  await checkNames(db, [amounts], [traits], 'Invalid trait(s) in "required" parameter: ');
  const filter = {
    ...(uuid === undefined ? {} : { uuids: [checkUuid('uuid', uuid)] }),
    ...(name === undefined ? {} : { name }),
    ...(inTree === undefined ? {} : { roots: await rootOf(db, checkUuid('in_tree', inTree)) }),
  };
  return listProviders(db, filter, (query) => {
    providerTraits.narrow(db, query, traits);
    providerAggregates.narrow(db, query, aggregates);
    for (const [resourceClass, amount] of Object.entries(amounts))
      query.whereIn('uuid', providersWithCapacity(db, resourceClass, amount));
  });
}

async function rootOf(db: Placement['db'], uuid: string): Promise<string[]> {
  return (await listProviders(db, { uuids: [uuid] })).map(({ rootUuid }) => rootUuid);
}
