/** Where the data of an image is: in its primary store, and in those with a copy. */
import type { Readable } from 'node:stream';
import { bytesName } from '../bytes/store.ts';
import type { Images } from '../context.ts';
import type { ImageBytes } from '../drivers/image-bytes.ts';
import { type Image, imageNotFound } from '../images/store.ts';

export interface Location {
  readonly store: string;
  /** The name of the data in the store. */
  readonly name: string;
}

/** The primary first. Empty without data; staged data is where its upload put it. */
export function locationsOf({ id, store, uploadId, staged, copies }: Image): Location[] {
  const primary = store ?? (staged === null ? null : ((JSON.parse(staged) as { store?: string }).store ?? 'file'));
  if (primary === null || uploadId === null) return [];
  const ready = copies.filter(({ state }) => state === 'ready');
  return [
    { store: primary, name: bytesName(id, uploadId) },
    ...ready.map((copy) => ({ store: copy.store, name: bytesName(id, copy.copyId) })),
  ];
}

/** Opens the data in the first store that has it. Throws 404 when it was deleted meanwhile, or the error of the primary store. */
export async function openData(
  { stores, log }: Images,
  image: Image,
  range?: Parameters<ImageBytes['open']>[1],
): Promise<Readable> {
  let first: unknown;
  for (const { store, name } of locationsOf(image))
    try {
      return await stores.get(store).open(name, range);
    } catch (error) {
      first ??= error;
      log.warn({ image: image.id, store, error }, 'data of an image was not read from a store, the next one is asked');
    }
  if (first === undefined || (first as { code?: string }).code === 'ENOENT') throw imageNotFound(image.id);
  throw first;
}
