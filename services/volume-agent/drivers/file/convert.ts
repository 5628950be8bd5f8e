/** Images become volumes and volumes images: what is wrong with the bytes of an image is an answer to its user. */
import type { FileHandle } from 'node:fs/promises';
import { badRequest } from '#shared/errors/fault.ts';
import { driverOf } from '#shared/images/formats.ts';
import { inspect } from '#shared/images/inspect.ts';
import { convertImage, wordsOf } from '#shared/images/qemu-img.ts';
import { BadImage, fileBytes } from '#shared/images/reader.ts';
import { CommandFailed } from '#shared/process/run.ts';
import { isFull, noSpace } from './publish.ts';

/** The size of the disk within the image; throws a Fault that says what is wrong with it. */
export async function inspectImage(image: FileHandle, format: string): Promise<number> {
  if (driverOf(format) === undefined) throw badRequest(`images of format ${format} cannot become volumes`);
  try {
    return await inspect(await fileBytes(image), format);
  } catch (error) {
    throw error instanceof BadImage ? badRequest(`the image is refused: ${error.message}`) : error;
  }
}

interface Conversion {
  readonly from: FileHandle;
  /** Inspected, or ours. */
  readonly fromFormat: string;
  readonly to: FileHandle;
  readonly toFormat: 'raw' | 'qcow2';
  /** Of the disk. */
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** The target of a raw conversion has its size already, and holes everywhere. */
export async function convert({ from, fromFormat, to, toFormat, bytes, signal }: Conversion): Promise<void> {
  const driver = driverOf(fromFormat) ?? 'raw';
  await convertImage({ from, driver, to, toDriver: toFormat, bytes, signal }).catch((error: unknown) => {
    if (isFull(error)) throw noSpace();
    throw error instanceof CommandFailed ? badRequest(`the image cannot be read: ${wordsOf(error)}`) : error;
  });
}
