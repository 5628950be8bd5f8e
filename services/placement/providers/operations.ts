import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { hasAllocations } from '../allocations/store.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { normalizeUuid } from '../queries/sets.ts';
import {
  getProvider,
  hasChildren,
  insertProvider,
  listProviders,
  type Provider,
  providerNotFound,
  removeProvider,
  setRoot,
  updateProvider,
} from './store.ts';

export interface ProviderInput {
  readonly name: string;
  readonly uuid?: string;
  readonly parent_provider_uuid?: string | null;
}

const parentOf = ({ parent_provider_uuid: uuid }: ProviderInput) =>
  typeof uuid === 'string' ? normalizeUuid(uuid) : uuid;

export function createProvider({ db }: Placement, input: ProviderInput): Promise<Provider> {
  const uuid = input.uuid ? normalizeUuid(input.uuid) : randomUUID();
  const refuse = (why: string) =>
    badRequest(
      `Unable to create resource provider "${input.name}", ${uuid}: Object action create failed because: ${why}`,
    );
  return db.transaction(async (tx) => {
    const parentUuid = parentOf(input) ?? null;
    if (parentUuid === uuid)
      throw refuse(
        'parent provider UUID cannot be same as UUID. Please set parent provider UUID to None if there is no parent.',
      );
    const [parent] = parentUuid === null ? [] : await listProviders(tx, { uuids: [parentUuid] });
    if (parentUuid !== null && !parent) throw refuse('parent provider UUID does not exist.');
    const rootUuid = parent?.rootUuid ?? uuid;
    const provider = { uuid, name: input.name, generation: 0, parentUuid, rootUuid, updatedAt: Date.now() };
    await insertProvider(tx, provider);
    return provider;
  });
}

/** Updates name and parent. From 1.37 (`mayReparent`) a provider can be moved to another parent with its subtree. */
export function saveProvider(
  { db }: Placement,
  uuid: string,
  input: ProviderInput,
  mayReparent: boolean,
): Promise<Provider> {
  const refuse = (why: string) =>
    badRequest(`Unable to save resource provider ${uuid}: Object action update failed because: ${why}`);
  return db.transaction(async (tx) => {
    const before = await getProvider(tx, uuid);
    const wanted = parentOf(input);
    const parentUuid = wanted === undefined ? before.parentUuid : wanted;
    if (parentUuid === before.parentUuid) return renamed(before);
    if (before.parentUuid !== null && parentUuid === null && !mayReparent)
      throw refuse('un-parenting a provider is not currently allowed.');
    if (before.parentUuid !== null && !mayReparent) throw refuse('re-parenting a provider is not currently allowed.');
    const tree = subtreeOf(uuid, await listProviders(tx, { roots: [before.rootUuid] }));
    if (parentUuid !== null && tree.includes(parentUuid))
      throw refuse('creating loop in the provider tree is not allowed.');
    const [parent] = parentUuid === null ? [] : await listProviders(tx, { uuids: [parentUuid] });
    if (parentUuid !== null && !parent) throw refuse('parent provider UUID does not exist.');
    const rootUuid = parent?.rootUuid ?? uuid;
    await setRoot(tx, tree, rootUuid);
    return renamed({ ...before, parentUuid, rootUuid });

    async function renamed(provider: Provider): Promise<Provider> {
      const after = { ...provider, name: input.name };
      await updateProvider(tx, after);
      return after;
    }
  });
}

/** The uuids of a provider and its descendants. */
function subtreeOf(uuid: string, tree: readonly Provider[]): string[] {
  const below = tree.filter(({ parentUuid }) => parentUuid === uuid);
  return [uuid, ...below.flatMap((child) => subtreeOf(child.uuid, tree))];
}

export async function deleteProvider({ db }: Placement, uuid: string): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await listProviders(tx, { uuids: [uuid] })).length === 0) throw providerNotFound(`${uuid} found for delete`);
    if (await hasChildren(tx, uuid))
      throw conflict(
        `Unable to delete parent resource provider ${uuid}: It has child resource providers.`,
        codes.cannotDeleteParent,
      );
    if (await hasAllocations(tx, uuid))
      throw conflict(
        `Unable to delete resource provider ${uuid}: Resource provider has allocations.`,
        codes.providerInUse,
      );
    await removeProvider(tx, uuid);
  });
}
