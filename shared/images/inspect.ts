/**
 * The inspection of images, for all services: an image has its declared format and refers to no other file, or it is
 * refused. The parsers read the same fields as QEMU.
 */
import { detect, vmdkDescriptor } from './detect.ts';
import { inspectQcow2 } from './qcow2.ts';
import { BadImage, type Bytes, readExactly, toSafeNumber } from './reader.ts';
import { inspectVdi } from './vdi.ts';
import { inspectVhd } from './vhd.ts';
import { inspectVhdx } from './vhdx.ts';
import { inspectVmdk } from './vmdk.ts';

type Inspect = (bytes: Bytes) => Promise<number>;

const fileSize: Inspect = async ({ size }) => size;
const inspectPloop: Inspect = async (bytes) =>
  toSafeNumber((await readExactly(bytes, 0, 64, 'header')).readBigUInt64LE(0x24) * 512n, 'its disk size');

/** Formats with a signature. */
const inspectors: ReadonlyMap<string, Inspect> = new Map([
  ['qcow2', inspectQcow2],
  ['vmdk', inspectVmdk],
  ['vhd', inspectVhd],
  ['vhdx', inspectVhdx],
  ['vdi', inspectVdi],
  ['ploop', inspectPloop],
  ['iso', fileSize],
]);

/** Whether the format is detected by its first bytes, so that a wrong declaration is found at the start of an upload. */
export const isDetectableEarly = (diskFormat: string): boolean => inspectors.has(diskFormat) && diskFormat !== 'vhd';

/**
 * Throws BadImage when the data has another format than declared or refers to other files.
 * Returns the virtual size in bytes.
 */
export async function inspect(bytes: Bytes, diskFormat: string): Promise<number> {
  await checkFormat(bytes, diskFormat);
  return (inspectors.get(diskFormat) ?? fileSize)(bytes);
}

/** Checks the format alone; for `isDetectableEarly` formats also with only the start of an image. */
export async function checkFormat(bytes: Bytes, diskFormat: string): Promise<void> {
  const found = await detect(bytes);
  if (diskFormat === 'raw' && found.size === 1 && found.has('luks')) return; // the data of an encrypted volume
  const wanted = inspectors.has(diskFormat) ? [diskFormat] : [];
  const others = [...found].filter((format) => !wanted.includes(format));
  if (others.length === 0 && wanted.every((format) => found.has(format))) return;
  const advice = found.has(vmdkDescriptor)
    ? '; upload the disk as one file (createType monolithicSparse or streamOptimized)'
    : '';
  throw new BadImage(`it is declared as ${diskFormat}, but its bytes are ${others.join(' and ') || 'raw'}${advice}`);
}
