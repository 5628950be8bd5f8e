import type { Images } from '../context.ts';
import type { ImageRow } from '../images/store.ts';
import { bytesName } from './store.ts';

/** Removes the data of a deleted image. On failure the sweep removes it later. */
export async function removeBytes(
  { stores, log }: Images,
  { id, uploadId, uploadUntil, store }: ImageRow,
): Promise<void> {
  if (uploadId === null || uploadUntil !== null) return; // a running upload removes its own data
  const remove = async () => stores.get(store ?? stores.usual).remove(bytesName(id, uploadId));
  await remove().catch((error: unknown) => {
    log.warn({ image: id, error }, 'data of a deleted image could not be removed, the sweep retries');
  });
}
