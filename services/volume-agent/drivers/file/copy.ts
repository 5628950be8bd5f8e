/** Copies a file with a reflink where the file system supports it, otherwise block by block, keeping holes. */
import { constants } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';

const hours = 60 * 60_000;

/** `to` must exist and be empty. */
export const copyBytes = (from: string, to: string) =>
  run(['cp', '--reflink=auto', '--sparse=always', '--', from, to], { timeoutMs: 4 * hours });

/** Whether copies share blocks (reflink): then a copy of a volume in use is crash-consistent. */
export async function sharesBlocks(directory: string): Promise<boolean> {
  const [one, other] = [join(directory, 'probe.part'), join(directory, 'probe-copy.part')];
  await writeFile(one, 'probe');
  const isShared = await copyFile(one, other, constants.COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
  await Promise.all([one, other].map((path) => rm(path, { force: true })));
  return isShared;
}
