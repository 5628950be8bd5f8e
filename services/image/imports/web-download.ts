/**
 * Import by web-download: an upload whose bytes this service fetches. Like every upload it has a lease and is not repeated; after a crash
 * the sweep makes the image queued again and the task a failure.
 */
import type { Knex } from 'knex';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { uploadImage } from '../bytes/upload.ts';
import type { Images } from '../context.ts';
import { findImage, type Image } from '../images/store.ts';
import { copyStaged } from './glance-direct.ts';
import type { ImportSpec } from './request.ts';
import { checkedUrl, fetchSafely, vettedAddress } from './safe-fetch.ts';
import { endImport, insertImport } from './store.ts';

/** Throws 400 before anything is begun; what fails later is in the message of the task. */
export async function importDownload(images: Images, image: Image, spec: ImportSpec): Promise<void> {
  const { uri } = spec.body.method;
  if (!uri) throw badRequest("The import method 'web-download' needs a uri.");
  await vettedAddress(checkedUrl(uri, images.config), images.config);
  await insertImport(images.db, spec.row);
  images.downloads.begin((signal) => download(images, image, { ...spec, uri }, signal));
}

interface Download extends ImportSpec {
  readonly uri: string;
}

async function download(images: Images, image: Image, spec: Download, signal: AbortSignal): Promise<void> {
  const { db, log } = images;
  const { id } = spec.row;
  try {
    await fetchInto(images, image, spec, signal);
  } catch (error) {
    if (!(error instanceof Fault) && !signal.aborted)
      log.error({ image: image.id, error }, 'an image was not downloaded');
    const message = error instanceof Fault ? error.message : 'The import was interrupted.';
    await endImport(db, id, 'failure', message).catch((failed: unknown) => {
      log.warn({ image: image.id, error: failed }, 'the end of an import was not written, the sweep does it');
    });
  }
}

/** Into the first of the stores; a task copies the data to the others before the image is active. */
async function fetchInto(images: Images, image: Image, spec: Download, signal: AbortSignal): Promise<void> {
  const { stores, row, uri } = spec;
  const isStaged = stores.length > 1;
  const stream = await fetchSafely(uri, images.config, signal);
  const length = Number(stream.headers['content-length'] ?? Number.NaN);
  const then = async (tx: Knex) => {
    const staged = isStaged ? await findImage(tx, image.id) : undefined;
    if (staged) await copyStaged(tx, images.config, staged, spec);
    else await endImport(tx, row.id, 'success');
  };
  const options = { status: 'importing', store: stores[0], isStaged, then } as const;
  await uploadImage(images, image, stream, Number.isNaN(length) ? undefined : length, options).finally(() =>
    stream.destroy(),
  );
  images.wakeTasks();
}
