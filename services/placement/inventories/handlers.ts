import { conflict, Fault } from '#shared/errors/fault.ts';
import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { findProvider, type Provider } from '../providers/store.ts';
import { fresh } from '../versions/fresh.ts';
import {
  addInventory,
  changeInventory,
  checkStock,
  removeInventory,
  type StockInput,
  setInventories,
  stockOf,
} from './operations.ts';
import { listInventories } from './store.ts';
import { inventoriesView, inventoryView } from './view.ts';

const newestOf = (rows: readonly { readonly updatedAt: number }[]) =>
  rows.length > 0 ? Math.max(...rows.map(({ updatedAt }) => updatedAt)) : Date.now();

function checkGeneration({ generation }: Provider, seen: number | undefined): void {
  if (seen !== generation) throw conflict('resource provider generation conflict', codes.concurrentUpdate);
}

export const showInventories: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await findProvider(db, params.uuid ?? '');
  const stocks = await listInventories(db, { providers: [provider.uuid] });
  return ok(inventoriesView(stocks, provider.generation), fresh(version, newestOf(stocks)));
};

export const showInventory: Handler<Placement> = async ({ db }, { params, version }) => {
  const { uuid = '', resourceClass = '' } = params;
  const provider = await findProvider(db, uuid);
  const [stock] = await listInventories(db, { providers: [uuid], classes: [resourceClass] });
  if (!stock) throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} for ${uuid}`);
  const body = { ...inventoryView(stock), resource_provider_generation: provider.generation };
  return ok(body, fresh(version, stock.updatedAt));
};

interface InventoriesInput {
  readonly resource_provider_generation: number;
  readonly inventories: Readonly<Record<string, StockInput>>;
}

export const putInventories: Handler<Placement, InventoriesInput> = async (placement, { params, body, version }) => {
  const provider = await findProvider(placement.db, params.uuid ?? '');
  checkGeneration(provider, body.resource_provider_generation);
  const stocks = Object.entries(body.inventories).map(([name, input]) => stockOf(name, input));
  for (const stock of stocks) checkStock(provider.uuid, stock, version);
  const generation = await setInventories(placement, provider, stocks);
  return ok(inventoriesView(stocks, generation), fresh(version));
};

export const postInventory: Handler<Placement, StockInput> = async (placement, { params, body, version }) => {
  const provider = await findProvider(placement.db, params.uuid ?? '');
  if (body.resource_provider_generation !== undefined) checkGeneration(provider, body.resource_provider_generation);
  const stock = stockOf(body.resource_class ?? '', body);
  checkStock(provider.uuid, stock, version, 'create');
  const generation = await addInventory(placement, provider, stock);
  const location = `/resource_providers/${provider.uuid}/inventories/${stock.resourceClass}`;
  return created(
    { ...inventoryView(stock), resource_provider_generation: generation },
    { location, ...fresh(version) },
  );
};

export const putOneInventory: Handler<Placement, StockInput> = async (placement, { params, body, version }) => {
  const provider = await findProvider(placement.db, params.uuid ?? '');
  checkGeneration(provider, body.resource_provider_generation);
  const stock = stockOf(params.resourceClass ?? '', body);
  checkStock(provider.uuid, stock, version);
  const generation = await changeInventory(placement, provider, stock);
  return ok({ ...inventoryView(stock), resource_provider_generation: generation }, fresh(version));
};

export const deleteInventories: Handler<Placement> = async (placement, { params }) => {
  await setInventories(placement, await findProvider(placement.db, params.uuid ?? ''), []);
  return gone();
};

/** The method came to this path with 1.5. */
export const refuseDelete: Handler<Placement> = async () => {
  throw new Fault(405, 'badMethod', 'The method specified is not allowed for this resource.');
};

export const deleteInventory: Handler<Placement> = async (placement, { params }) => {
  await removeInventory(placement, params.uuid ?? '', params.resourceClass ?? '');
  return gone();
};
