import type { Images } from '../context.ts';
import type { Image } from '../images/store.ts';
import { type Location, locationsOf } from '../workflows/locations.ts';

/** Removes the data of a deleted image from all stores. */
export async function removeBytes(images: Images, image: Image): Promise<void> {
  if (image.uploadUntil !== null) return; // a running upload removes its own data
  for (const location of locationsOf(image)) await removeLocation(images, image.id, location);
}

/** Removes data that no row names any more. On failure the sweep removes it later. */
export async function removeLocation({ stores, log }: Images, id: string, { store, name }: Location): Promise<void> {
  const remove = async () => stores.get(store).remove(name);
  await remove().catch((error: unknown) => {
    log.warn({ image: id, store, error }, 'data of an image could not be removed, the sweep retries');
  });
}
