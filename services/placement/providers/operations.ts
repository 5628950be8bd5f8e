import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
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
  raiseGeneration,
  removeProvider,
  setRoot,
  updateProvider,
} from './store.ts';

/** Words of the 409 for an outdated generation. */
export const outdated = 'resource provider generation conflict';
export const alreadyChanged =
  "Resource provider's generation already changed. Please update the generation and try again.";

/** `read` is the generation that the client has read. */
export function checkGeneration({ generation }: Provider, read: number | undefined): void {
  if (read !== generation) throw conflict(outdated, codes.concurrentUpdate);
}

/** Changes what belongs to a provider, unless its generation is another one by now. Returns the next generation. */
export const changeProvider = (
  db: Knex,
  provider: Pick<Provider, 'uuid' | 'generation'>,
  refusal: string,
  change: (tx: Knex) => Promise<void>,
): Promise<number> =>
  db.transaction(async (tx) => {
    const generation = await raiseGeneration(tx, provider, refusal);
    await change(tx);
    return generation;
  });

export interface ProviderInput {
  readonly name: string;
  readonly uuid?: string;
  readonly parent_provider_uuid?: string | null;
}

const parentOf = ({ parent_provider_uuid: uuid }: ProviderInput) =>
  typeof uuid === 'string' ? normalizeUuid(uuid) : uuid;

/** The root below this parent; `refuse` makes the 400 when there is no such parent. */
async function rootBelow(tx: Knex, uuid: string, parentUuid: string | null, refuse: Refuse): Promise<string> {
  if (parentUuid === null) return uuid;
  const [parent] = await listProviders(tx, { uuids: [parentUuid] });
  if (!parent) throw refuse('parent provider UUID does not exist.');
  return parent.rootUuid;
}

type Refuse = (why: string) => Error;

export function createProvider({ db }: Placement, input: ProviderInput): Promise<Provider> {
  const uuid = input.uuid ? normalizeUuid(input.uuid) : randomUUID();
  const refuse: Refuse = (why) =>
    badRequest(
      `Unable to create resource provider "${input.name}", ${uuid}: Object action create failed because: ${why}`,
    );
  const parentUuid = parentOf(input) ?? null;
  if (parentUuid === uuid)
    throw refuse(
      'parent provider UUID cannot be same as UUID. Please set parent provider UUID to None if there is no parent.',
    );
  return db.transaction(async (tx) => {
    const rootUuid = await rootBelow(tx, uuid, parentUuid, refuse);
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
  const refuse: Refuse = (why) =>
    badRequest(`Unable to save resource provider ${uuid}: Object action update failed because: ${why}`);
  return db.transaction(async (tx) => {
    const before = await getProvider(tx, uuid);
    const wanted = parentOf(input);
    const parentUuid = wanted === undefined ? before.parentUuid : wanted;
    const isMoved = parentUuid !== before.parentUuid;
    if (isMoved && before.parentUuid !== null && !mayReparent)
      throw refuse(`${parentUuid === null ? 'un' : 're'}-parenting a provider is not currently allowed.`);
    const rootUuid = isMoved ? await moveTree(tx, before, parentUuid, refuse) : before.rootUuid;
    const after = { ...before, name: input.name, parentUuid, rootUuid };
    await updateProvider(tx, after);
    return after;
  });
}

/** Moves a provider and what is below it to another parent. Returns the root there. */
async function moveTree(tx: Knex, { uuid, rootUuid }: Provider, parentUuid: string | null, refuse: Refuse) {
  const tree = subtreeOf(uuid, await listProviders(tx, { roots: [rootUuid] }));
  if (parentUuid !== null && tree.includes(parentUuid))
    throw refuse('creating loop in the provider tree is not allowed.');
  const root = await rootBelow(tx, uuid, parentUuid, refuse);
  await setRoot(tx, tree, root);
  return root;
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
