import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';

export interface Provider {
  readonly uuid: string;
  readonly name: string;
  /** Increases with every change; a client sends the one it has read. */
  readonly generation: number;
  readonly parentUuid: string | null;
  readonly rootUuid: string;
  readonly updatedAt: number;
}

export async function getProvider(db: Knex, uuid: string): Promise<Provider> {
  const [provider] = await listProviders(db, { uuids: [uuid] });
  if (!provider) throw providerNotFound(`${uuid} found`);
  return provider;
}

export const providerNotFound = (what: string) =>
  new Fault(404, 'notFound', `No resource provider with uuid ${what}`, { type: codes.providerNotFound });

interface ProviderFilter {
  readonly uuids?: readonly string[];
  readonly roots?: readonly string[];
  readonly name?: string;
}

export async function listProviders(
  db: Knex,
  filter: ProviderFilter,
  narrow: (query: Knex.QueryBuilder) => void = () => {},
): Promise<Provider[]> {
  const query = db<Provider>('providers').orderBy('name');
  if (filter.uuids) query.whereIn('uuid', filter.uuids);
  if (filter.roots) query.whereIn('rootUuid', filter.roots);
  if (filter.name !== undefined) query.where({ name: filter.name });
  narrow(query);
  return (await query) as Provider[];
}

/** All providers of the trees that have one of these; each query gives uuids. */
export const listTrees = (db: Knex, members: readonly Knex.QueryBuilder[]): Promise<Provider[]> =>
  listProviders(db, {}, (query) => {
    const roots = db<Provider>('providers').select('rootUuid');
    for (const uuids of members) roots.orWhereIn('uuid', uuids);
    query.whereIn('rootUuid', roots);
  });

export const hasChildren = async (db: Knex, uuid: string): Promise<boolean> =>
  (await db<Provider>('providers').where({ parentUuid: uuid }).first('uuid')) !== undefined;

export async function insertProvider(tx: Knex, provider: Provider): Promise<void> {
  try {
    await tx<Provider>('providers').insert(provider);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    const duplicate = await tx<Provider>('providers').where({ uuid: provider.uuid }).first('uuid');
    const what = duplicate ? `uuid: ${provider.uuid}` : `name: ${provider.name}`;
    throw conflict(`Conflicting resource provider ${what} already exists.`, codes.duplicateName);
  }
}

export async function updateProvider(tx: Knex, { uuid, name, parentUuid, rootUuid }: Provider): Promise<void> {
  try {
    await tx<Provider>('providers').where({ uuid }).update({ name, parentUuid, rootUuid, updatedAt: Date.now() });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw conflict(`Conflicting resource provider ${name} already exists.`, codes.duplicateName);
  }
}

export const setRoot = (tx: Knex, uuids: readonly string[], rootUuid: string) =>
  tx<Provider>('providers').whereIn('uuid', uuids).update({ rootUuid, updatedAt: Date.now() });

export async function removeProvider(tx: Knex, uuid: string): Promise<void> {
  for (const table of ['inventories', 'provider_traits', 'provider_aggregates'])
    await tx(table).where({ providerUuid: uuid }).delete();
  await tx<Provider>('providers').where({ uuid }).delete();
}

/** Throws 409 when the generation has changed since the provider was read. Returns the next generation. */
export async function raiseGeneration(
  tx: Knex,
  { uuid, generation }: Pick<Provider, 'uuid' | 'generation'>,
  refusal: string,
): Promise<number> {
  const unchanged = tx<Provider>('providers').where({ uuid, generation });
  const raised = await unchanged.update({ generation: generation + 1, updatedAt: Date.now() });
  if (raised === 0) throw conflict(refusal, codes.concurrentUpdate);
  return generation + 1;
}

/** Increases the generations without a check of the current ones. */
export const raiseGenerations = (tx: Knex, uuids: readonly string[]) =>
  tx<Provider>('providers').whereIn('uuid', uuids).increment('generation', 1);
