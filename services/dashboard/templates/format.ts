/** The format of a file that somebody uploads, by its bytes: nobody has to know what a disk format is. */
import { Readable } from 'node:stream';
import { Fault } from '#shared/errors/fault.ts';
import { detect } from '#shared/images/detect.ts';
import { driverOf } from '#shared/images/formats.ts';
import { bytesOf } from '#shared/images/reader.ts';

/** Enough for the signatures of all formats. */
const headBytes = 64 * 1024;

/** Files in which a disk may be packed, by their first bytes. */
const packed: readonly (readonly [name: string, offset: number, bytes: string])[] = [
  ['gzip', 0, '\x1f\x8b'],
  ['xz', 0, '\xfd7zXZ\0'],
  ['zip', 0, 'PK\x03\x04'],
  ['bzip2', 0, 'BZh'],
  ['zstd', 0, '\x28\xb5\x2f\xfd'],
  ['7z', 0, '7z\xbc\xaf\x27\x1c'],
  ['tar or OVA', 257, 'ustar'],
];

/**
 * Returns Glance's disk_format. A disk without a signature is raw; that of a VHD of fixed size is at its end, so its name
 * decides. Throws 415 with what would help.
 */
export async function formatOf(head: Buffer, fileName: string): Promise<string> {
  const archive = packed.find(([, offset, bytes]) => head.toString('latin1', offset, offset + bytes.length) === bytes);
  if (archive) throw refused(`The file is packed (${archive[0]}): unpack it, and upload the disk that is inside.`);
  const found = [...(await detect(bytesOf(head)))];
  if (found.length === 0) return fileName.toLowerCase().endsWith('.vhd') ? 'vhd' : 'raw';
  const [format = ''] = found;
  if (found.length === 1 && driverOf(format) !== undefined) return format;
  throw refused(
    `The file is ${found.join(' and ')}, which cannot be a template. Possible are ISO, raw, QCOW2, VMDK (one file), VHD, VHDX and VDI.`,
  );
}

const refused = (message: string) => new Fault(415, 'badMediaType', message);

/** The first bytes of a stream, and a stream of all its bytes. */
export async function peek(stream: Readable): Promise<{ readonly head: Buffer; readonly all: Readable }> {
  const blocks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  for (let size = 0; size < headBytes; size += first.at(-1)?.length ?? 0) {
    const { value, done } = await blocks.next();
    if (done) break;
    first.push(value);
  }
  const all = async function* () {
    yield* first.splice(0);
    yield* { [Symbol.asyncIterator]: () => blocks };
  };
  return { head: Buffer.concat(first).subarray(0, headBytes), all: Readable.from(all(), { objectMode: false }) };
}
