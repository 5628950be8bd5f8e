/** An image is what its uploader says it is, or it is refused. */
import { detect } from './detect.ts';
import { inspectQcow2 } from './qcow2.ts';
import { BadImage, type Bytes, need, safe } from './reader.ts';
import { inspectVhd } from './vhd.ts';
import { inspectVhdx } from './vhdx.ts';
import { inspectVmdk } from './vmdk.ts';

type Inspect = (bytes: Bytes) => Promise<number>;

const inspectVdi: Inspect = async (bytes) => {
  const header = await need(bytes, 0, 0x180, 'header');
  // 1 grows, 2 is whole; 3 and 4 need another image
  if (header.readUInt32LE(0x4c) > 2) throw new BadImage('it has a parent image, which an uploaded image must not have');
  return safe(header.readBigUInt64LE(0x170), 'its disk size');
};
const asItIs: Inspect = async ({ size }) => size;

/** Formats with a mark of their own. */
const marked: Readonly<Record<string, Inspect>> = {
  qcow2: inspectQcow2,
  vmdk: inspectVmdk,
  vhd: inspectVhd,
  vhdx: inspectVhdx,
  vdi: inspectVdi,
  iso: asItIs,
};

/** Known by their first bytes alone, so a lie about one of these is found before the upload is over. */
export const tellsEarly = (diskFormat: string): boolean => diskFormat in marked && diskFormat !== 'vhd';

/**
 * Throws BadImage when the bytes are not what was declared, or refer to anything outside themselves.
 * Gives the size of the disk that they hold, in bytes.
 */
export async function inspect(bytes: Bytes, diskFormat: string): Promise<number> {
  await checkFormat(bytes, diskFormat);
  return (marked[diskFormat] ?? asItIs)(bytes);
}

/** The first half of `inspect`: also for the beginning of an image, as far as `tellsEarly`. */
export async function checkFormat(bytes: Bytes, diskFormat: string): Promise<void> {
  const found = await detect(bytes);
  if (diskFormat === 'raw' && found.size === 1 && found.has('luks')) return; // an encrypted volume as it is
  const wanted = diskFormat in marked ? [diskFormat] : [];
  const others = [...found].filter((format) => !wanted.includes(format));
  if (others.length === 0 && wanted.every((format) => found.has(format))) return;
  throw new BadImage(`it is declared as ${diskFormat}, but its bytes are ${others.join(' and ') || 'raw'}`);
}
