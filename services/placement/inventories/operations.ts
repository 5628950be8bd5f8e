import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { parseCreate } from '#shared/resource/body.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { changeProvider, outdated } from '../providers/operations.ts';
import { getProvider, type Provider } from '../providers/store.ts';
import { classes } from '../resource-classes/store.ts';
import { attributes } from './attributes.ts';
import {
  capacityOf,
  deleteInventories,
  findInventory,
  type InventoryFields,
  listInventories,
  putInventory,
} from './store.ts';

export type InventoryInput = Readonly<Record<keyof typeof attributes, number>>;

/** Throws 400 for a negative capacity, and until 1.25 for a capacity of 0. */
export function parseInventory(
  uuid: string,
  resourceClass: string,
  input: InventoryInput,
  version: Version,
  doing = 'update',
): InventoryFields {
  const inventory = { ...parseCreate(attributes, input), resourceClass };
  const capacity = capacityOf(inventory);
  const mayBeZero = atLeast(version, '1.26');
  if (capacity > 0 || (capacity === 0 && mayBeZero)) return inventory;
  throw badRequest(
    `Unable to ${doing} inventory for resource provider ${uuid}: Invalid inventory for '${resourceClass}' on resource provider '${uuid}'. The reserved value is greater than ${mayBeZero ? '' : 'or equal to '}total.`,
  );
}

export async function checkClasses(db: Knex, uuid: string, inventories: readonly InventoryFields[]): Promise<void> {
  const names = inventories.map(({ resourceClass }) => resourceClass);
  const [unknown] = await classes.unknown(db, names);
  if (unknown !== undefined)
    throw badRequest(
      `Unknown resource class in inventory for resource provider ${uuid}: No such resource class ${unknown}.`,
    );
}

/** Throws 409 when an inventory of another class is in use. */
export async function removeOthers(tx: Knex, uuid: string, inventories: readonly InventoryFields[]): Promise<void> {
  const kept = new Set(inventories.map(({ resourceClass }) => resourceClass));
  const now = (await listInventories(tx, { providers: [uuid] })).map(({ resourceClass }) => resourceClass);
  const others = now.filter((name) => !kept.has(name));
  const inUse = await deleteInventories(tx, uuid, others);
  if (inUse.length > 0)
    throw conflict(
      `update conflict: Inventory for '${inUse.join(', ')}' on resource provider '${uuid}' in use.`,
      codes.inventoryInUse,
    );
}

/** Replaces all inventories of a provider. Returns its next generation. */
export const setInventories = ({ db }: Placement, provider: Provider, inventories: readonly InventoryFields[]) =>
  changeProvider(db, provider, outdated, async (tx) => {
    await checkClasses(tx, provider.uuid, inventories);
    await removeOthers(tx, provider.uuid, inventories);
    for (const inventory of inventories) await putInventory(tx, provider.uuid, inventory);
  });

export const addInventory = ({ db }: Placement, provider: Provider, inventory: InventoryFields) =>
  changeProvider(db, provider, outdated, async (tx) => {
    await checkClasses(tx, provider.uuid, [inventory]);
    if (await findInventory(tx, provider.uuid, inventory.resourceClass))
      throw conflict(
        `Update conflict: there is inventory of ${inventory.resourceClass} for resource provider ${provider.uuid} already`,
        codes.concurrentUpdate,
      );
    await putInventory(tx, provider.uuid, inventory);
  });

export const changeInventory = ({ db }: Placement, provider: Provider, inventory: InventoryFields) =>
  changeProvider(db, provider, outdated, async (tx) => {
    if (!(await findInventory(tx, provider.uuid, inventory.resourceClass)))
      throw badRequest(
        `No inventory record with resource class for resource provider ${provider.uuid}: No inventory of class ${inventory.resourceClass} found.`,
      );
    await putInventory(tx, provider.uuid, inventory);
  });

export async function removeInventory({ db }: Placement, uuid: string, resourceClass: string): Promise<void> {
  const provider = await getProvider(db, uuid);
  await changeProvider(db, provider, outdated, async (tx) => {
    if (!(await findInventory(tx, uuid, resourceClass)))
      throw new Fault(404, 'notFound', `No inventory of class ${resourceClass} found for delete`);
    if ((await deleteInventories(tx, uuid, [resourceClass])).length > 0)
      throw conflict(
        `Unable to delete inventory of class ${resourceClass}: Inventory for '${resourceClass}' on resource provider '${uuid}' in use.`,
        codes.concurrentUpdate,
      );
  });
}
