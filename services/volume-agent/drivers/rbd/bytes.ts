/** Data into and out of RBD images. */
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badRequest } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { feed, outputOf } from '#shared/process/streams.ts';
import type { Block, VolumeBytes } from '../driver.ts';
import { convert } from '../file/convert.ts';
import { headerBytes } from '../luks.ts';
import type { ImageFile } from '../thin/blocks.ts';
import type { Rbd } from './commands.ts';

export function rbdBytes(rbd: Rbd, work: string, room: Room) {
  return {
    /** Converts an image to the file `raw`, and imports it without its holes. */
    importImage: async (name: string, raw: string, image: ImageFile): Promise<void> => {
      const { file, format, bytes, encryption } = image;
      if (format === 'raw' && !encryption) return rbd.importFile(`/proc/${process.pid}/fd/${file.fd}`, name);
      const to = await open(raw, 'wx', 0o600);
      try {
        await to.truncate(bytes + (encryption ? headerBytes : 0));
        const conversion = { from: file, fromFormat: format, to, toFormat: 'raw', bytes, encryption } as const;
        await room.within((signal) => convert({ ...conversion, signal }));
      } finally {
        await to.close();
      }
      await rbd.importFile(raw, name);
    },
    write: (name: string, sizeBytes: number, blocks: AsyncIterable<Block>): Promise<void> =>
      feed(rbd.argv('import-diff', '--no-progress', '-', rbd.imageSpec(name)), diffOf(sizeBytes, blocks)),
    readRaw: (name: string): Promise<VolumeBytes> => readRaw(rbd, name),
    readQcow2: async (name: string): Promise<VolumeBytes> => {
      const copy = join(work, `${name}-${Date.now()}.qcow2`);
      const raw = `${copy}.raw`;
      try {
        await rbd.exportFile(name, raw);
        await toQcow2(room, raw, copy);
      } finally {
        await rm(raw, { force: true });
      }
      const stream = createReadStream(copy);
      const close = async () => {
        stream.destroy();
        await rm(copy, { force: true });
      };
      return { sizeBytes: (await stat(copy)).size, stream, close };
    },
  };
}

async function toQcow2(room: Room, raw: string, copy: string): Promise<void> {
  const [from, to] = [await open(raw, 'r'), await open(copy, 'wx', 0o600)];
  try {
    const { size: bytes } = await from.stat();
    await room.within((signal) => convert({ from, fromFormat: 'raw', to, toFormat: 'qcow2', bytes, signal }));
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

async function readRaw(rbd: Rbd, name: string): Promise<VolumeBytes> {
  const sizeBytes = (await rbd.find(name))?.sizeBytes ?? 0;
  const { stream, close } = outputOf(rbd.argv('export', '--no-progress', rbd.imageSpec(name), '-'));
  return { sizeBytes, stream, close: async () => close() };
}

const header = Buffer.from('rbd diff v1\n');
const end = Buffer.from('e');

/** A tag, and numbers of 64 bits. */
function record(tag: string, ...numbers: readonly number[]): Buffer {
  const buffer = Buffer.alloc(1 + 8 * numbers.length);
  buffer.write(tag);
  for (const [at, number] of numbers.entries()) buffer.writeBigUInt64LE(BigInt(number), 1 + 8 * at);
  return buffer;
}

/** The blocks in Ceph's format of differences, so that zeros between them are neither sent nor stored. */
async function* diffOf(sizeBytes: number, blocks: AsyncIterable<Block>): AsyncGenerator<Buffer> {
  yield header;
  yield record('s', sizeBytes);
  for await (const { offset, bytes } of blocks) {
    if (offset + bytes.length > sizeBytes) throw badRequest(`the data does not fit into ${sizeBytes} bytes`);
    yield record('w', offset, bytes.length);
    yield bytes;
  }
  yield end;
}
