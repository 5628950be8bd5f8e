import { capacityOf, type Inventory } from './store.ts';

/** Whether the amount fits min_unit, max_unit and step_size, independently of usage. */
export const isAllowed = ({ minUnit, maxUnit, stepSize }: Inventory, amount: number): boolean =>
  amount >= minUnit && amount <= maxUnit && amount % stepSize === 0;

export const fitsInventory = (inventory: Inventory, amount: number): boolean =>
  isAllowed(inventory, amount) && inventory.used + amount <= capacityOf(inventory);
