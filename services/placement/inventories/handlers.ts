import { conflict, Fault } from '#shared/errors/fault.ts';
import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { getProvider, type Provider } from '../providers/store.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import {
  addInventory,
  changeInventory,
  checkCapacity,
  type InventoryInput,
  inventoryFields,
  removeInventory,
  setInventories,
} from './operations.ts';
import { listInventories as listRows } from './store.ts';
import { inventoriesView, inventoryView } from './view.ts';

const newestOf = (rows: readonly { readonly updatedAt: number }[]) =>
  rows.length > 0 ? Math.max(...rows.map(({ updatedAt }) => updatedAt)) : Date.now();

function checkGeneration({ generation }: Provider, given: number | undefined): void {
  if (given !== generation) throw conflict('resource provider generation conflict', codes.concurrentUpdate);
}

export const listInventories: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  const inventories = await listRows(db, { providers: [provider.uuid] });
  return ok(inventoriesView(inventories, provider.generation), cacheHeaders(version, newestOf(inventories)));
};

export const showInventory: Handler<Placement> = async ({ db }, { params, version }) => {
  const { uuid = '', resourceClass = '' } = params;
  const provider = await getProvider(db, uuid);
  const [inventory] = await listRows(db, { providers: [uuid], classes: [resourceClass] });
  if (!inventory) throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} for ${uuid}`);
  const body = { ...inventoryView(inventory), resource_provider_generation: provider.generation };
  return ok(body, cacheHeaders(version, inventory.updatedAt));
};

interface InventoriesInput {
  readonly resource_provider_generation: number;
  readonly inventories: Readonly<Record<string, InventoryInput>>;
}

export const putInventories: Handler<Placement, InventoriesInput> = async (placement, { params, body, version }) => {
  const provider = await getProvider(placement.db, params.uuid ?? '');
  checkGeneration(provider, body.resource_provider_generation);
  const inventories = Object.entries(body.inventories).map(([name, input]) => inventoryFields(name, input));
  for (const inventory of inventories) checkCapacity(provider.uuid, inventory, version);
  const generation = await setInventories(placement, provider, inventories);
  return ok(inventoriesView(inventories, generation), cacheHeaders(version));
};

export const postInventory: Handler<Placement, InventoryInput> = async (placement, { params, body, version }) => {
  const provider = await getProvider(placement.db, params.uuid ?? '');
  if (body.resource_provider_generation !== undefined) checkGeneration(provider, body.resource_provider_generation);
  const inventory = inventoryFields(body.resource_class ?? '', body);
  checkCapacity(provider.uuid, inventory, version, 'create');
  const generation = await addInventory(placement, provider, inventory);
  const location = `/resource_providers/${provider.uuid}/inventories/${inventory.resourceClass}`;
  return created(
    { ...inventoryView(inventory), resource_provider_generation: generation },
    { location, ...cacheHeaders(version) },
  );
};

export const updateInventory: Handler<Placement, InventoryInput> = async (placement, { params, body, version }) => {
  const provider = await getProvider(placement.db, params.uuid ?? '');
  checkGeneration(provider, body.resource_provider_generation);
  const inventory = inventoryFields(params.resourceClass ?? '', body);
  checkCapacity(provider.uuid, inventory, version);
  const generation = await changeInventory(placement, provider, inventory);
  return ok({ ...inventoryView(inventory), resource_provider_generation: generation }, cacheHeaders(version));
};

export const deleteInventories: Handler<Placement> = async (placement, { params }) => {
  await setInventories(placement, await getProvider(placement.db, params.uuid ?? ''), []);
  return gone();
};

/** Before 1.5 this path has no DELETE. */
export const refuseDelete: Handler<Placement> = async () => {
  throw new Fault(405, 'badMethod', 'The method specified is not allowed for this resource.');
};

export const deleteInventory: Handler<Placement> = async (placement, { params }) => {
  await removeInventory(placement, params.uuid ?? '', params.resourceClass ?? '');
  return gone();
};
