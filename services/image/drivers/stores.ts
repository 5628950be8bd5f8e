/** The stores of image data, by name. New data goes to the first one unless its upload names another. */
import { badRequest } from '#shared/errors/fault.ts';
import type { ImageBytes } from './image-bytes.ts';

export interface Stores {
  readonly names: readonly string[];
  /** Where new data goes. */
  readonly usual: string;
  /** Throws 400 for a store that this cloud does not have. */
  get(name: string): ImageBytes;
}

export function storesOf(all: Readonly<Record<string, ImageBytes>>): Stores {
  const byName = new Map(Object.entries(all));
  const names = [...byName.keys()];
  return {
    names,
    usual: names[0] ?? '',
    get: (name) => {
      const found = byName.get(name);
      if (!found) throw badRequest(`The store '${name}' does not exist: the stores are ${names.join(', ')}.`);
      return found;
    },
  };
}
