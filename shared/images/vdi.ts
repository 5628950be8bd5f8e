import { BadImage, type Bytes, parentError, readExactly, toSafeNumber } from './reader.ts';

const version = 0x0001_0001;

/** Returns the virtual size in bytes. */
export async function inspectVdi(bytes: Bytes): Promise<number> {
  const header = await readExactly(bytes, 0, 0x200, 'header');
  if (header.readUInt32LE(0x44) !== version) throw new BadImage('its version of VDI is not 1.1');
  const type = header.readUInt32LE(0x4c);
  if (type === 3 || type === 4) throw parentError(); // 1 is dynamic, 2 is fixed
  if (type !== 1 && type !== 2) throw new BadImage(`its type of VDI, ${type}, is not known here`);
  // the ids of the image it was linked from, and of its parent
  if (header.subarray(0x1a8, 0x1c8).some((byte) => byte !== 0)) throw parentError();
  return toSafeNumber(header.readBigUInt64LE(0x170), 'its disk size');
}
