import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';

export interface Provider {
  readonly uuid: string;
  readonly name: string;
  /** Grows with each change of what it has. Who changes it says which one they saw. */
  readonly generation: number;
  readonly parentUuid: string | null;
  readonly rootUuid: string;
  readonly updatedAt: number;
}

export async function findProvider(db: Knex, uuid: string): Promise<Provider> {
  const provider = (await db<Provider>('providers').where({ uuid }).first()) as Provider | undefined;
  if (provider) return provider;
  throw noProvider(`${uuid} found`);
}

export const noProvider = (what: string) =>
  new Fault(404, 'notFound', `No resource provider with uuid ${what}`, { type: codes.providerNotFound });

/** All of them, or those with these uuids, or of these trees. */
export async function listProviders(
  db: Knex,
  only: { readonly uuids?: readonly string[]; readonly roots?: readonly string[]; readonly name?: string } = {},
): Promise<Provider[]> {
  const query = db<Provider>('providers').orderBy('name');
  if (only.uuids) query.whereIn('uuid', only.uuids);
  if (only.roots) query.whereIn('rootUuid', only.roots);
  if (only.name !== undefined) query.where({ name: only.name });
  return (await query) as Provider[];
}

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

export const moveToRoot = (tx: Knex, uuids: readonly string[], rootUuid: string) =>
  tx<Provider>('providers').whereIn('uuid', uuids).update({ rootUuid, updatedAt: Date.now() });

export async function removeProvider(tx: Knex, uuid: string): Promise<void> {
  for (const table of ['inventories', 'provider_traits', 'provider_aggregates'])
    await tx(table).where({ providerUuid: uuid }).delete();
  await tx<Provider>('providers').where({ uuid }).delete();
}

/** One change by who saw the provider as it is: the next generation, or a 409. */
export async function raiseGeneration(
  tx: Knex,
  { uuid, generation }: Provider,
  refusal = 'resource provider generation conflict',
): Promise<number> {
  const seen = tx<Provider>('providers').where({ uuid, generation });
  const raised = await seen.update({ generation: generation + 1, updatedAt: Date.now() });
  if (raised === 0) throw conflict(refusal, codes.concurrentUpdate);
  return generation + 1;
}

/** For changes that nobody's sight of the provider matters to. */
export const raiseGenerations = (tx: Knex, uuids: readonly string[]) =>
  tx<Provider>('providers').whereIn('uuid', uuids).increment('generation', 1);
