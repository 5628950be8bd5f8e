/** Conversion of images to volumes and back. An invalid image is a Fault, so that its owner sees the reason. */
import type { FileHandle } from 'node:fs/promises';
import type { Encryption } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { driverOf } from '#shared/images/formats.ts';
import { inspect } from '#shared/images/inspect.ts';
import { convertImage, messageOf } from '#shared/images/qemu-img.ts';
import { BadImage, fileBytes } from '#shared/images/reader.ts';
import { CommandFailed } from '#shared/process/run.ts';
import { headerBytes, luksHeader } from '../luks.ts';
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
  /** The target becomes a LUKS volume. */
  readonly encryption?: Encryption | undefined;
  readonly signal: AbortSignal;
}

/** For `raw`, the target must already have its final size and contain only holes. */
export async function convert(conversion: Conversion): Promise<void> {
  const { from, fromFormat, to, toFormat: toDriver, bytes, encryption, signal } = conversion;
  const driver = driverOf(fromFormat) ?? 'raw';
  if (encryption) await to.write(await luksHeader(encryption), 0, headerBytes, 0);
  const target = encryption ? ({ toDriver: 'luks', secret: encryption.secret } as const) : { toDriver };
  await convertImage({ from, driver, to, ...target, bytes, signal }).catch((error: unknown) => {
    if (isFull(error)) throw noSpace();
    throw error instanceof CommandFailed ? badRequest(`the image cannot be read: ${messageOf(error)}`) : error;
  });
}
