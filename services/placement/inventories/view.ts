import type { Stock } from './store.ts';

export const inventoryView = (stock: Stock) => ({
  total: stock.total,
  reserved: stock.reserved,
  min_unit: stock.minUnit,
  max_unit: stock.maxUnit,
  step_size: stock.stepSize,
  allocation_ratio: stock.allocationRatio,
});

export const inventoriesView = (stocks: readonly Stock[], generation: number) => ({
  resource_provider_generation: generation,
  inventories: Object.fromEntries(stocks.map((stock) => [stock.resourceClass, inventoryView(stock)])),
});
