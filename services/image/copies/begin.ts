/** Begins copies of an image to further stores. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { imageTooLarge } from '../bytes/budget.ts';
import type { Config } from '../config.ts';
import type { ImageRow } from '../images/store.ts';
import { lockOwner, usedBytes } from '../quotas/store.ts';
import { type CopyParams, copyImage } from '../workflows/copy-image.ts';
import { insertCopies, listCopies } from './store.ts';

const GiB = 1024 ** 3;

interface NewCopies extends CopyParams {
  readonly stores: readonly string[];
  readonly requestId: string;
}

/** Must run in a transaction that has locked the image. Throws 409 while copies are made, 413 over the quota of the image's owner. */
export async function beginCopies(tx: Knex, config: Config, image: ImageRow, spec: NewCopies): Promise<void> {
  const { stores, requestId, ...params } = spec;
  const { imageId, importId } = params;
  if ((await listCopies(tx, [imageId])).some(({ state }) => state === 'importing'))
    throw conflict(`New operation on image '${imageId}' is not permitted as prior operation is still in progress`);
  await checkQuota(tx, config, image, stores.length);
  await insertCopies(
    tx,
    stores.map((store) => ({ imageId, store, copyId: randomUUID(), state: 'importing', importId })),
  );
  await enqueue(tx, copyImage, params, requestId);
}

async function checkQuota(tx: Knex, { storageGb }: Config, { owner, size }: ImageRow, count: number): Promise<void> {
  if (storageGb === 0) return;
  await lockOwner(tx, owner);
  const left = Math.max(0, storageGb * GiB - (await usedBytes(tx, owner)));
  if ((size ?? 0) * count > left) throw imageTooLarge(left);
}
