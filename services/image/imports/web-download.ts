/**
 * Import by web-download: an upload whose bytes this service fetches. Like every upload it has a lease and is not repeated; after a crash
 * the sweep makes the image queued again and the task a failure.
 */
import { randomUUID } from 'node:crypto';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { uploadImage } from '../bytes/upload.ts';
import type { Images } from '../context.ts';
import type { Image } from '../images/store.ts';
import { checkedUrl, fetchSafely, vettedAddress } from './safe-fetch.ts';
import { endImport, type Import, insertImport } from './store.ts';

interface Source {
  readonly uri: string;
  readonly store: string | undefined;
}

/** Throws 400 and 409 before anything is begun; what fails later is in the message of the task. */
export async function beginDownload(
  images: Images,
  image: Image,
  from: Source,
  row: Omit<Import, 'id'>,
): Promise<void> {
  const { uri } = from;
  await vettedAddress(checkedUrl(uri, images.config), images.config);
  if (image.status !== 'queued') throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
  for (const [name, value] of Object.entries({
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
  }))
    if (value === null) throw conflict(`'${name}' needs to be set before import`);
  const id = randomUUID();
  await insertImport(images.db, { ...row, id });
  images.downloads.begin((signal) => download(images, image, { ...from, id }, signal));
}

async function download(
  images: Images,
  image: Image,
  { uri, store, id }: Source & { readonly id: string },
  signal: AbortSignal,
): Promise<void> {
  const { db, config, log } = images;
  try {
    const stream = await fetchSafely(uri, config, signal);
    const length = Number(stream.headers['content-length'] ?? Number.NaN);
    await uploadImage(images, image, stream, Number.isNaN(length) ? undefined : length, {
      status: 'importing',
      store,
    }).finally(() => stream.destroy());
    await endImport(db, id, 'success');
  } catch (error) {
    if (!(error instanceof Fault) && !signal.aborted)
      log.error({ image: image.id, error }, 'an image was not downloaded');
    const message = error instanceof Fault ? error.message : 'The import was interrupted.';
    await endImport(db, id, 'failure', message).catch((failed: unknown) => {
      log.warn({ image: image.id, error: failed }, 'the end of an import was not written, the sweep does it');
    });
  }
}
