/** Conversion of images to volumes and back. An invalid image is a Fault, so that its owner sees the reason. */
import type { FileHandle } from 'node:fs/promises';
import { badRequest } from '#shared/errors/fault.ts';
import { driverOf } from '#shared/images/formats.ts';
import { inspect } from '#shared/images/inspect.ts';
import { convertImage, messageOf } from '#shared/images/qemu-img.ts';
import { BadImage, fileBytes } from '#shared/images/reader.ts';
import { CommandFailed } from '#shared/process/run.ts';
import { isFull, noSpace } from './publish.ts';

/** Returns the virtual size of the image; throws a Fault with the reason when the image is refused. */
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
  /** Of an inspected image, or of a file that this agent wrote. */
  readonly fromFormat: string;
  readonly to: FileHandle;
  readonly toFormat: 'raw' | 'qcow2';
  /** Virtual size. */
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** For `raw`, the target must already have its final size and contain only holes. */
export async function convert({ from, fromFormat, to, toFormat, bytes, signal }: Conversion): Promise<void> {
  const driver = driverOf(fromFormat) ?? 'raw';
  await convertImage({ from, driver, to, toDriver: toFormat, bytes, signal }).catch((error: unknown) => {
    if (isFull(error)) throw noSpace();
    throw error instanceof CommandFailed ? badRequest(`the image cannot be read: ${messageOf(error)}`) : error;
  });
}
