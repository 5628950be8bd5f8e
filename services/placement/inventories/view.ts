import type { InventoryFields } from './store.ts';

export const inventoryView = (inventory: InventoryFields) => ({
  total: inventory.total,
  reserved: inventory.reserved,
  min_unit: inventory.minUnit,
  max_unit: inventory.maxUnit,
  step_size: inventory.stepSize,
  allocation_ratio: inventory.allocationRatio,
});

export const inventoriesView = (inventories: readonly InventoryFields[], generation: number) => ({
  resource_provider_generation: generation,
  inventories: Object.fromEntries(inventories.map((inventory) => [inventory.resourceClass, inventoryView(inventory)])),
});
