/** The limits of a project, with the messages of Glance's unified limits. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import type { Config } from '../config.ts';
import { countImages, countUploads, lockOwner } from './store.ts';

const overLimit = (owner: string | null, resource: string, limit: number, usage: number) =>
  new Fault(
    413,
    'tooLarge',
    `Project ${owner} is over a limit for [Resource ${resource} is over limit of ${limit} due to current usage ${usage} and delta 1]`,
  );

/** Must run in the transaction that inserts the image. */
export async function checkImageCount(tx: Knex, { imageCount: limit }: Config, owner: string | null): Promise<void> {
  if (limit === 0) return;
  await lockOwner(tx, owner);
  const usage = await countImages(tx, owner);
  if (usage >= limit) throw overLimit(owner, 'image_count_total', limit, usage);
}

/** Must run in the transaction that starts the upload. */
export async function checkUploadCount(tx: Knex, { uploadCount: limit }: Config, owner: string | null): Promise<void> {
  if (limit === 0) return;
  await lockOwner(tx, owner);
  const usage = await countUploads(tx, owner);
  if (usage >= limit) throw overLimit(owner, 'image_count_uploading', limit, usage);
}
