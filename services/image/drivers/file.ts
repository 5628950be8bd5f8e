/** One file per image in one directory, written under a temporary name and renamed when it is complete. */
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openRoom } from '#shared/files/room.ts';
import { renameDurably } from '#shared/files/whole.ts';
import type { ImageBytes, NewBytes } from './image-bytes.ts';

const partial = '.part';
const chunkBytes = 1024 * 1024;

const MiB = 2 ** 20;

export async function openImageFiles(directory: string, reserveMb = 0): Promise<ImageBytes> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const room = await openRoom(directory, { reserveBytes: reserveMb * MiB });
  const pathOf = (name: string) => join(directory, name);
  return {
    begin: (name) => beginFile(directory, name),
    open: async (name, range = undefined) => {
      await access(pathOf(name), constants.R_OK); // a stream would report a missing file only after the response has started
      return createReadStream(pathOf(name), { highWaterMark: chunkBytes, ...range });
    },
    remove: async (name) => {
      for (const path of [pathOf(name), pathOf(name) + partial]) await rm(path, { force: true });
    },
    names: async () => (await readdir(directory)).map((file) => file.replace(/\.part$/, '')),
    reserve: room.reserve,
  };
}

async function beginFile(directory: string, name: string): Promise<NewBytes> {
  const path = join(directory, name);
  const file = await open(path + partial, 'wx+', 0o640);
  let length = 0;
  let open_ = true;
  const close = async () => {
    if (open_) await file.close();
    open_ = false;
  };
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, length);
        at += bytesWritten;
        length += bytesWritten;
      }
    },
    read: async (offset, wanted) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
      return buffer.subarray(0, bytesRead);
    },
    publish: async () => {
      await file.sync();
      await close();
      await renameDurably(path + partial, path);
    },
    discard: async () => {
      await close();
      await rm(path + partial, { force: true });
    },
  };
}
