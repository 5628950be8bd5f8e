/** The limits of a project, with the messages of Glance's unified limits. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import type { Config } from '../config.ts';
import { countImages, countUploads, lockOwner } from './store.ts';

const limits = {
  image_count_total: { setting: 'imageCount', count: countImages },
  image_count_uploading: { setting: 'uploadCount', count: countUploads },
} as const;

/** Throws 413 when one more is too many. Must run in the transaction that inserts the image, or starts the upload. */
export async function checkLimit(
  tx: Knex,
  config: Config,
  owner: string | null,
  resource: keyof typeof limits,
): Promise<void> {
  const { setting, count } = limits[resource];
  const limit = config[setting];
  if (limit === 0) return;
  await lockOwner(tx, owner);
  const usage = await count(tx, owner);
  if (usage < limit) return;
  const over = `Resource ${resource} is over limit of ${limit} due to current usage ${usage} and delta 1`;
  throw new Fault(413, 'tooLarge', `Project ${owner} is over a limit for [${over}]`);
}
