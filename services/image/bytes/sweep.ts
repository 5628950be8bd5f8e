import { openStandstill } from '#shared/clock/standstill.ts';
import { isHeld } from '#shared/db/hold.ts';
import type { Images } from '../context.ts';
import type { ImageBytes } from '../drivers/image-bytes.ts';
import { failImports } from '../imports/store.ts';
import { listUploads, purgeDeleted, referencedNames, resetUpload } from './store.ts';

const dayMs = 86_400_000;

/** Returns a function that ends expired uploads, and removes data that no row refers to. It does nothing while the rows are held. */
export function openSweep(images: Images): () => Promise<void> {
  const standstill = openStandstill(images.config.leaseMs);
  return async () => {
    if (await isHeld(images.db)) return;
    const ended = await endExpired(images, standstill);
    if (ended > 0) images.log.warn({ images: ended }, 'expired uploads were ended, their images are queued again');
    await removeOrphans(images);
  };
}

/**
 * A lease has expired when this process has seen no renewal of it for `leaseMs` by its monotonic clock, so wall clocks that
 * differ or are set end no upload early.
 */
async function endExpired({ db }: Images, standstill: ReturnType<typeof openStandstill>): Promise<number> {
  const uploads = new Map((await listUploads(db)).map((upload) => [upload.id, upload]));
  let ended = 0;
  for (const id of standstill(new Map([...uploads].map(([key, { uploadUntil }]) => [key, String(uploadUntil)])))) {
    const upload = uploads.get(id);
    if (!upload || !(await resetUpload(db, upload, { uploadUntil: upload.uploadUntil }))) continue;
    await failImports(db, upload.imageId);
    ended += 1;
  }
  return ended;
}

async function removeOrphans(images: Images): Promise<void> {
  const { db, stores, config, log } = images;
  await purgeDeleted(db, Date.now() - config.keepDeletedDays * dayMs);
  for (const store of stores.names)
    await removeOrphansIn(images, stores.get(store)).catch((error: unknown) => {
      log.warn({ store, error }, 'orphaned data of a store was not removed, the next sweep retries');
    });
}

async function removeOrphansIn({ db, log }: Images, bytes: ImageBytes): Promise<void> {
  const names = await bytes.names(); // listed before the rows are read: an upload updates its row before it writes data
  const wanted = await referencedNames(db, [...new Set(names.map(imageOf))]);
  for (const name of names.filter((each) => !wanted.has(each))) {
    await bytes.remove(name);
    log.info({ name }, 'orphaned data was removed');
  }
}

const imageOf = (name: string) => name.split('.')[0] ?? '';
