/** Volumes appear whole, or the disk is full and nothing was written. */
import { Fault } from '#shared/errors/fault.ts';
import { NoRoom } from '#shared/files/room.ts';
import { publish as publishFile } from '#shared/files/whole.ts';

export async function publish(...words: Parameters<typeof publishFile>): Promise<void> {
  await publishFile(...words).catch(diskFault);
}

/** From the kernel, or in the words of a child process. */
export const isFull = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof Fault) &&
  /ENOSPC|EDQUOT|No space left on device|quota exceeded/i.test(error.message);

export function noSpace(numbers?: string): Fault {
  const message = 'the disk is full, nothing was written';
  const more = numbers === undefined ? {} : { details: `${message}: ${numbers}` };
  return new Fault(507, 'insufficientStorage', message, more);
}

const cannotWrite = /\b(?:EIO|EROFS)\b|Input\/output error|Read-only file system/;

/** What a disk says as a Fault: that it is full, with the numbers of a refused reservation, or that it fails. */
export function diskFault(error: unknown): never {
  if (isFull(error)) throw noSpace(error instanceof NoRoom ? error.message.replace(/^.*?: /, '') : undefined);
  const [word] = (error instanceof Error && !(error instanceof Fault) && error.message.match(cannotWrite)) || [];
  if (word !== undefined) throw new Fault(500, 'unexpected', `the disk of the pool fails: ${word}`);
  throw error;
}
