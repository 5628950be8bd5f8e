import type { Images } from '../context.ts';
import { endExpiredUploads, purgeDeleted, referencedNames } from './store.ts';

const dayMs = 86_400_000;

/** Ends expired uploads, and removes data that no row refers to. */
export async function sweep({ db, bytes, config, log }: Images): Promise<void> {
  const ended = await endExpiredUploads(db, Date.now());
  if (ended > 0) log.warn({ images: ended }, 'expired uploads were ended, their images are queued again');
  await purgeDeleted(db, Date.now() - config.keepDeletedDays * dayMs);
  const names = await bytes.names(); // listed before the rows are read: an upload updates its row before it writes data
  const wanted = await referencedNames(db, [...new Set(names.map(imageOf))]);
  for (const name of names.filter((each) => !wanted.has(each))) {
    await bytes.remove(name);
    log.info({ name }, 'orphaned data was removed');
  }
}

const imageOf = (name: string) => name.split('.')[0] ?? '';
