import { Fault } from '#shared/errors/fault.ts';
import { type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Placement } from '../context.ts';
import { checkGeneration } from '../providers/operations.ts';
import { getProvider } from '../providers/store.ts';
import { dated } from '../versions/cache-headers.ts';
import { attributes } from './attributes.ts';
import {
  addInventory,
  changeInventory,
  type InventoryInput,
  parseInventory,
  removeInventory,
  setInventories,
} from './operations.ts';
import { findInventory, type InventoryFields, listInventories } from './store.ts';

const view = viewOf(attributes);
const viewOfOne = (inventory: InventoryFields, resource_provider_generation: number, call: Pick<Call, 'may'>) => ({
  ...view(inventory, call),
  resource_provider_generation,
});
const viewOfAll = (inventories: readonly InventoryFields[], generation: number, call: Pick<Call, 'may'>) => ({
  resource_provider_generation: generation,
  inventories: Object.fromEntries(inventories.map((each) => [each.resourceClass, view(each, call)])),
});

export const list: Handler<Placement, unknown, 'uuid'> = async ({ db }, call) => {
  const { uuid, generation } = await getProvider(db, call.params.uuid);
  const inventories = await listInventories(db, { providers: [uuid] });
  const newest = inventories.length > 0 ? Math.max(...inventories.map(({ updatedAt }) => updatedAt)) : undefined;
  return dated(viewOfAll(inventories, generation, call), newest);
};

export const show: Handler<Placement, unknown, 'uuid' | 'resourceClass'> = async ({ db }, call) => {
  const { uuid, resourceClass } = call.params;
  const { generation } = await getProvider(db, uuid);
  const inventory = await findInventory(db, uuid, resourceClass);
  if (!inventory) throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} for ${uuid}`);
  return dated(viewOfOne(inventory, generation, call), inventory.updatedAt);
};

interface Inventories {
  readonly resource_provider_generation: number;
  readonly inventories: Readonly<Record<string, InventoryInput>>;
}
type Sent = InventoryInput & { readonly resource_class: string; readonly resource_provider_generation?: number };

export const replaceAll: Handler<Placement, Inventories, 'uuid'> = async (placement, call) => {
  const { params, body, version } = call;
  const provider = await getProvider(placement.db, params.uuid);
  checkGeneration(provider, body.resource_provider_generation);
  const inventories = Object.entries(body.inventories).map(([name, input]) =>
    parseInventory(provider.uuid, name, input, version),
  );
  return ok(viewOfAll(inventories, await setInventories(placement, provider, inventories), call));
};

export const add: Handler<Placement, Sent, 'uuid'> = async (placement, call) => {
  const { params, body, version } = call;
  const provider = await getProvider(placement.db, params.uuid);
  checkGeneration(provider, body.resource_provider_generation ?? provider.generation);
  const inventory = parseInventory(provider.uuid, body.resource_class, body, version, 'create');
  const generation = await addInventory(placement, provider, inventory);
  const location = `/resource_providers/${provider.uuid}/inventories/${inventory.resourceClass}`;
  return created(viewOfOne(inventory, generation, call), { location });
};

export const update: Handler<Placement, Sent, 'uuid' | 'resourceClass'> = async (placement, call) => {
  const { params, body, version } = call;
  const provider = await getProvider(placement.db, params.uuid);
  checkGeneration(provider, body.resource_provider_generation);
  const inventory = parseInventory(provider.uuid, params.resourceClass, body, version);
  return ok(viewOfOne(inventory, await changeInventory(placement, provider, inventory), call));
};

export const removeAll: Handler<Placement, unknown, 'uuid'> = async (placement, { params }) => {
  await setInventories(placement, await getProvider(placement.db, params.uuid), []);
  return noContent();
};

/** Before 1.5 this path has no DELETE. */
export const refuseRemoveAll: Handler<Placement> = async () => {
  throw new Fault(405, 'badMethod', 'The method specified is not allowed for this resource.');
};

export const remove: Handler<Placement, unknown, 'uuid' | 'resourceClass'> = async (placement, { params }) => {
  await removeInventory(placement, params.uuid, params.resourceClass);
  return noContent();
};
