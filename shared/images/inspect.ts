/**
 * The one judgement of images, for all services: an image is what it was declared as and stands alone, or it is
 * refused. What is read here is what QEMU would read of the same format.
 */
import { detect, vmdkDescriptor } from './detect.ts';
import { inspectQcow2 } from './qcow2.ts';
import { BadImage, type Bytes, need, safe } from './reader.ts';
import { inspectVdi } from './vdi.ts';
import { inspectVhd } from './vhd.ts';
import { inspectVhdx } from './vhdx.ts';
import { inspectVmdk } from './vmdk.ts';

type Inspect = (bytes: Bytes) => Promise<number>;

const asItIs: Inspect = async ({ size }) => size;
const inspectPloop: Inspect = async (bytes) =>
  safe((await need(bytes, 0, 64, 'header')).readBigUInt64LE(0x24) * 512n, 'its disk size');

/** Formats with a mark of their own. */
const marked: ReadonlyMap<string, Inspect> = new Map([
  ['qcow2', inspectQcow2],
  ['vmdk', inspectVmdk],
  ['vhd', inspectVhd],
  ['vhdx', inspectVhdx],
  ['vdi', inspectVdi],
  ['ploop', inspectPloop],
  ['iso', asItIs],
]);

/** Known by their first bytes alone, so a lie about one of these is found before the upload is over. */
export const tellsEarly = (diskFormat: string): boolean => marked.has(diskFormat) && diskFormat !== 'vhd';

/**
 * Throws BadImage when the bytes are not what was declared, or refer to anything outside themselves.
 * Gives the size of the disk that they hold, in bytes.
 */
export async function inspect(bytes: Bytes, diskFormat: string): Promise<number> {
  await checkFormat(bytes, diskFormat);
  return (marked.get(diskFormat) ?? asItIs)(bytes);
}

/** The first half of `inspect`: also for the beginning of an image, as far as `tellsEarly`. */
export async function checkFormat(bytes: Bytes, diskFormat: string): Promise<void> {
  const found = await detect(bytes);
  if (diskFormat === 'raw' && found.size === 1 && found.has('luks')) return; // an encrypted volume as it is
  const wanted = marked.has(diskFormat) ? [diskFormat] : [];
  const others = [...found].filter((format) => !wanted.includes(format));
  if (others.length === 0 && wanted.every((format) => found.has(format))) return;
  const advice = found.has(vmdkDescriptor)
    ? '; upload the disk as one file (createType monolithicSparse or streamOptimized)'
    : '';
  throw new BadImage(`it is declared as ${diskFormat}, but its bytes are ${others.join(' and ') || 'raw'}${advice}`);
}
