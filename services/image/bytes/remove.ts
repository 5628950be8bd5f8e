import type { Images } from '../context.ts';
import type { ImageRow } from '../images/store.ts';
import { bytesName } from './store.ts';

/** Of an image that is deleted already. What fails here is found by the sweep. */
export async function removeBytes({ bytes, log }: Images, { id, uploadId, uploadUntil }: ImageRow): Promise<void> {
  if (uploadId === null || uploadUntil !== null) return; // an upload under way takes its own away
  await bytes.remove(bytesName(id, uploadId)).catch((error: unknown) => {
    log.warn({ image: id, error }, 'bytes of a deleted image are left for the sweep');
  });
}
