/** The image of a new volume, downloaded completely and inspected before anything reads it. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { Encryption } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { BadImage } from '#shared/images/reader.ts';
import type { ImageStore } from './driver.ts';
import { inspectImage } from './file/convert.ts';
import { diskFault } from './file/publish.ts';
import { headerBytes } from './luks.ts';

const gib = 2 ** 30;

interface Fetch {
  readonly images: ImageStore;
  /** Larger images are refused. */
  readonly maxImageGb: number;
  /** The disk of `work`, a directory for temporary files. */
  readonly room: Room;
  readonly work: string;
  readonly imageId: string;
  /** As the image service declares it. */
  readonly format: string;
  readonly sizeGb: number;
  /** A part of the volume is the header then. */
  readonly encryption?: Encryption | undefined;
}

/** Calls `use` with the open file and its virtual size, which fits into `sizeGb`. */
export async function withImage(fetch: Fetch, use: (image: FileHandle, bytes: number) => Promise<void>): Promise<void> {
  const { work, imageId, format, sizeGb, encryption } = fetch;
  const id = requireName(resourceId, imageId, 'the id of an image');
  const path = join(work, `${id}-${Date.now()}-${Math.random().toString(36).slice(2)}.image`);
  try {
    await download(fetch, path);
    const image = await open(path, 'r');
    try {
      const bytes = await inspectImage(image, format);
      if (bytes > sizeGb * gib) throw tooSmall(bytes, sizeGb);
      if (encryption && bytes > sizeGb * gib - headerBytes) throw noRoomForHeader(bytes, sizeGb);
      await use(image, bytes);
    } finally {
      await image.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

const tooSmall = (bytes: number, sizeGb: number) =>
  badRequest(`Size of specified image ${Math.ceil(bytes / gib)}GB is larger than volume size ${sizeGb}GB.`);

const noRoomForHeader = (bytes: number, sizeGb: number) =>
  badRequest(
    `The image of ${bytes} bytes does not fit into an encrypted volume of ${sizeGb} GiB, whose header takes ${headerBytes} bytes: create one of ${sizeGb + 1} GiB.`,
  );

async function download({ images, maxImageGb, room, imageId }: Fetch, path: string): Promise<void> {
  const stream = await images.download(imageId);
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxImageGb * gib) throw badRequest(`image ${imageId} is larger than ${maxImageGb} GiB`);
      const reserved = await room.reserve(chunk.length);
      await file.writeFile(chunk).finally(reserved.release);
    }
  } catch (error) {
    if (error instanceof BadImage) throw badRequest(`the image is refused: ${error.message}`);
    diskFault(error);
  } finally {
    await file.close();
  }
}
