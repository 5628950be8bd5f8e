/** Atomic publication of files, and Faults for disk errors. */
import { Fault } from '#shared/errors/fault.ts';
import { NoRoom } from '#shared/files/room.ts';
import { publish as publishFile } from '#shared/files/whole.ts';

export async function publish(...args: Parameters<typeof publishFile>): Promise<void> {
  await publishFile(...args).catch(diskFault);
}

/** Recognizes the error of the kernel and the messages of child processes. */
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

/** Throws a Fault for a full or failing disk (with the numbers of a refused reservation), else the error itself. */
export function diskFault(error: unknown): never {
  if (isFull(error)) throw noSpace(error instanceof NoRoom ? error.message.replace(/^.*?: /, '') : undefined);
  const [reason] = (error instanceof Error && !(error instanceof Fault) && error.message.match(cannotWrite)) || [];
  if (reason !== undefined) throw new Fault(500, 'unexpected', `the disk of the pool fails: ${reason}`);
  throw error;
}
