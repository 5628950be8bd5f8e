/** What the commands of `deploy` may use of this service without its running processes. */
import { join } from 'node:path';
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { type Comparison, compareHosts } from '#shared/hosts/compare.ts';
import { listDataNames } from './bytes/store.ts';
import { section } from './config.ts';
import { openImageFiles } from './drivers/file.ts';

export const openRows = (settings: Settings) =>
  openDatabase(settings.read('image', section).database || databaseOf(readCloud(settings), 'image'));

/** The files with the data of images against the rows of a restored database. */
export async function compareRestored(settings: Settings): Promise<Comparison> {
  const db = openRows(settings);
  try {
    const directory = settings.read('image', section).directory || join(readCloud(settings).var, 'image');
    const fileOf = (id: string) => ({ kind: 'data of image', id, host: directory });
    const names = await (await openImageFiles(directory)).names();
    const wanted = (await listDataNames(db, 'file')).map(({ name, isWhole }) => ({
      ...fileOf(name),
      mayLack: !isWhole,
    }));
    return compareHosts(wanted, new Map([[directory, names.map(fileOf)]]));
  } finally {
    await db.destroy();
  }
}
