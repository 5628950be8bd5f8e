/** For `wattle node remove`: the API of Cinder cannot delete a storage host. */
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { section } from '../config.ts';
import { usageOnHost } from '../volumes/store.ts';
import { deleteHost } from './store.ts';

/** Throws when volumes or snapshots are there. */
export async function removeHost(settings: Settings, name: string): Promise<void> {
  const config = settings.read('volume', section);
  const db = openDatabase(config.database || databaseOf(readCloud(settings), 'volume'));
  try {
    const used = await Promise.all([usageOnHost(db, 'volumes', name), usageOnHost(db, 'snapshots', name)]);
    if (used.flat().some(({ count }) => count > 0)) throw new Error(`host ${name} has volumes or snapshots`);
    await deleteHost(db, name);
  } finally {
    await db.destroy();
  }
}
