/** Volumes appear whole, or the disk is full and nothing was written. */
import { Fault } from '#shared/errors/fault.ts';
import { publish as publishFile } from '#shared/files/whole.ts';

export async function publish(...words: Parameters<typeof publishFile>): Promise<void> {
  await publishFile(...words).catch((error: unknown) => {
    throw isFull(error) ? noSpace() : error;
  });
}

/** From the kernel, or in the words of a child process. */
export const isFull = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof Fault) &&
  /ENOSPC|EDQUOT|No space left on device|quota exceeded/i.test(error.message);

export const noSpace = () => new Fault(507, 'insufficientStorage', 'the disk is full, nothing was written');
