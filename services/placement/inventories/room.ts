import { capacityOf, type Inventory } from './store.ts';

/** An amount may be too small, too large, or between two steps, whatever is left. */
export const isAllowed = ({ minUnit, maxUnit, stepSize }: Inventory, amount: number): boolean =>
  amount >= minUnit && amount <= maxUnit && amount % stepSize === 0;

export const hasRoom = (stock: Inventory, amount: number): boolean =>
  isAllowed(stock, amount) && stock.used + amount <= capacityOf(stock);
