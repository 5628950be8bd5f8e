import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { conflict, Fault, tooLarge } from '#shared/errors/fault.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { activateStaged, bytesName, resetUpload } from '../bytes/store.ts';
import type { Images } from '../context.ts';
import { type Copy, deleteCopy, listCopies, promoteCopy, updateCopy } from '../copies/store.ts';
import { digestBlocks } from '../drivers/digest.ts';
import { findImage, type Image, imageNotFound } from '../images/store.ts';
import { endImport } from '../imports/store.ts';
import { openData } from './locations.ts';

export interface CopyParams {
  readonly imageId: string;
  readonly importId: string;
  /** One store that fails undoes the copies in all others. */
  readonly mustSucceed: boolean;
  /** The data was staged in a store: `keep` when the import names that one too, `leave` when not. Null: the image is active already. */
  readonly staged: 'keep' | 'leave' | null;
}

/** Data of an image in one store is copied to others; a staged image is active when that is done, and queued when it failed. */
export const copyImage = workflow<CopyParams, Images>({
  name: 'copy-image',
  deadlineMs: 4 * 3_600_000,
  steps: [step('copy-data', copyData, removeCopies)],
  done: finishImport,
  failed: failImport,
});

const copiesOf = async (db: Knex, { imageId, importId }: CopyParams): Promise<Copy[]> =>
  (await listCopies(db, [imageId])).filter((copy) => copy.importId === importId);

/** Store by store; those that a run before a crash has copied to are left out. */
async function copyData(images: Images, params: CopyParams, run: Run): Promise<void> {
  let reason = '';
  for (const copy of await copiesOf(images.db, params)) {
    if (copy.state !== 'importing' || (reason !== '' && params.mustSucceed)) continue;
    try {
      await copyTo(images, copy, run);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      reason = error.message;
      await run.commit((tx) => updateCopy(tx, copy, { state: 'failed' }));
    }
  }
  await checkEnough(images, params, reason);
}

/** Throws 409 when a store that must succeed has failed, or all have. */
async function checkEnough({ db }: Images, params: CopyParams, reason: string): Promise<void> {
  const copies = await copiesOf(db, params);
  const failed = copies.filter(({ state }) => state === 'failed').map(({ store }) => store);
  const isEnough = params.staged === 'keep' || copies.length > failed.length;
  if (copies.length === 0) throw imageNotFound(params.imageId);
  if (failed.length === 0 || (!params.mustSucceed && isEnough)) return;
  throw conflict(`Image ${params.imageId} was not copied to ${failed.join(', ')}: ${reason || 'a store failed'}`);
}

async function copyTo(images: Images, { imageId, ...copy }: Copy, run: Run): Promise<void> {
  const image = await findImage(images.db, imageId);
  const fresh: Copy = { ...copy, imageId, copyId: randomUUID() };
  const isWanted = await run.commit((tx) => updateCopy(tx, fresh, { copyId: fresh.copyId }));
  if (!image || !isWanted) throw imageNotFound(imageId);
  await writeCopy(images, image, fresh, run.signal);
  if (await run.commit((tx) => updateCopy(tx, fresh, { state: 'ready' }))) return;
  await images.stores.get(fresh.store).remove(bytesName(imageId, fresh.copyId));
  throw imageNotFound(imageId);
}

/** Throws 413 when the store is full, 409 when the data read is not that of the image. */
async function writeCopy(images: Images, image: Image, { store, copyId }: Copy, signal: AbortSignal): Promise<void> {
  const bytes = images.stores.get(store);
  const stream = await openData(images, image);
  const room = await bytes.reserve(image.size ?? 0).catch(refuseFull(store));
  const file = await bytes.begin(bytesName(image.id, copyId));
  try {
    const { sha512 } = await digestBlocks(stream, async (block) => {
      signal.throwIfAborted();
      await file.write(block).catch(refuseFull(store));
      room.wrote(block.length);
    });
    if (sha512 !== hashOf(image)) throw conflict(`The data of image ${image.id} does not have its hash any more`);
    await file.publish().catch(refuseFull(store));
  } finally {
    stream.destroy();
    await file.discard();
    room.release();
  }
}

const hashOf = ({ osHashValue, staged }: Image): string | null =>
  osHashValue ?? (staged === null ? null : (JSON.parse(staged) as { osHashValue: string }).osHashValue);

const refuseFull = (store: string) => (error: unknown) => {
  const { code } = error as { code?: string };
  throw code === 'ENOSPC' || code === 'EDQUOT' ? tooLarge(`The store ${store} is full.`) : error;
};

/** Stores that were not tried are no failures, unless time ran out before any had failed. */
async function removeCopies({ db, stores }: Images, params: CopyParams, run: Run): Promise<void> {
  const copies = await copiesOf(db, params);
  const hasFailed = copies.some(({ state }) => state === 'failed');
  for (const copy of copies) {
    if (copy.state === 'importing' && !(hasFailed && params.mustSucceed))
      await run.commit((tx) => updateCopy(tx, copy, { state: 'failed' }));
    else if (copy.state !== 'failed' && params.mustSucceed) {
      await stores.get(copy.store).remove(bytesName(copy.imageId, copy.copyId));
      await run.commit((tx) => deleteCopy(tx, copy));
    }
  }
}

async function finishImport(tx: Knex, params: CopyParams): Promise<void> {
  await endImport(tx, params.importId, 'success');
  const image = params.staged === null ? undefined : await findImage(tx, params.imageId);
  if (!image) return;
  await activateStaged(tx, image);
  const ready = (await copiesOf(tx, params)).find(({ state }) => state === 'ready');
  if (params.staged === 'leave' && ready) await promoteCopy(tx, ready); // the sweep removes the data that no row names now
}

async function failImport(tx: Knex, params: CopyParams, _run: Run, reason: string): Promise<void> {
  await endImport(tx, params.importId, 'failure', reason);
  const image = params.staged === null ? undefined : await findImage(tx, params.imageId);
  if (image?.uploadId) await resetUpload(tx, { imageId: image.id, id: image.uploadId });
}
