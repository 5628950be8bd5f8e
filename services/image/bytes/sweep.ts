import type { Images } from '../context.ts';
import { endDeadUploads, forgetDeleted, wantedBytes } from './store.ts';

const dayMs = 86_400_000;

/** Looks at the world as it is: uploads whose process died end, and bytes that no image has go. */
export async function sweep({ db, bytes, config, log }: Images): Promise<void> {
  const ended = await endDeadUploads(db, Date.now());
  if (ended > 0) log.warn({ images: ended }, 'uploads that died were ended, their images wait for bytes again');
  await forgetDeleted(db, Date.now() - config.keepDeletedDays * dayMs);
  const names = await bytes.names(); // before the rows: an upload has its row before its bytes
  const wanted = await wantedBytes(db, [...new Set(names.map(imageOf))]);
  for (const name of names.filter((each) => !wanted.has(each))) {
    await bytes.remove(name);
    log.info({ name }, 'bytes of nobody were removed');
  }
}

const imageOf = (name: string) => name.split('.')[0] ?? '';
