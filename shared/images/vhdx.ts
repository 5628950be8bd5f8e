import { BadImage, type Bytes, parentError, readExactly, toSafeNumber } from './reader.ts';

const KiB = 1024;
/** Two copies; the second is used when the first is invalid. */
const regionTables = [192 * KiB, 256 * KiB];
const metadataRegion = '8b7ca206-4790-4b9a-b8fe-575f050f886e';
const fileParameters = 'caa16737-fa36-4d43-b3b6-33f0aa44e76b';
const virtualDiskSize = '2fa54224-cd1b-4876-b211-5dbed83bf4b8';
const parentLocator = 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c';
const hasParentBit = 0b10;
const maxEntries = 2047;

/** Returns the virtual size in bytes. */
export async function inspectVhdx(bytes: Bytes): Promise<number> {
  const sizes: number[] = [];
  for (const at of regionTables) {
    const table = await readExactly(bytes, at, 64 * KiB, 'region table');
    if (table.subarray(0, 4).toString('latin1') === 'regi') sizes.push(await diskOf(bytes, table));
  }
  const [size, ...copies] = sizes;
  if (size === undefined) throw new BadImage('it has no region table');
  if (copies.some((each) => each !== size)) throw new BadImage('its region tables contradict each other');
  return size;
}

async function diskOf(bytes: Bytes, table: Buffer): Promise<number> {
  const region = entriesOf(table, 16, table.readUInt32LE(8), 'region').get(metadataRegion);
  if (!region) throw new BadImage('it has no metadata');
  const offset = toSafeNumber(region.readBigUInt64LE(16), 'the offset of its metadata');
  const metadata = await readExactly(bytes, offset, 64 * KiB, 'metadata');
  if (metadata.subarray(0, 8).toString('latin1') !== 'metadata') throw new BadImage('its metadata is broken');
  const items = entriesOf(metadata, 32, metadata.readUInt16LE(10), 'metadata item');
  if (items.has(parentLocator)) throw parentError();
  const itemAt = (id: string) => {
    const item = items.get(id);
    if (!item) throw new BadImage('its metadata is not whole');
    return offset + item.readUInt32LE(16);
  };
  const parameters = await readExactly(bytes, itemAt(fileParameters), 8, 'file parameters');
  if (parameters.readUInt32LE(4) & hasParentBit) throw parentError();
  const size = await readExactly(bytes, itemAt(virtualDiskSize), 8, 'disk size');
  return toSafeNumber(size.readBigUInt64LE(0), 'its disk size');
}

/** Entries of 32 bytes, by the GUID that each starts with. Duplicates are refused, since readers may differ in which one they use. */
function entriesOf(table: Buffer, from: number, count: number, what: string): ReadonlyMap<string, Buffer> {
  if (count > maxEntries) throw new BadImage(`it has more ${what}s than is plausible`);
  const entries = new Map<string, Buffer>();
  for (let at = from; at < from + count * 32 && at + 32 <= table.length; at += 32) {
    const entry = table.subarray(at, at + 32);
    if (entries.has(guid(entry))) throw new BadImage(`it has the same ${what} twice`);
    entries.set(guid(entry), entry);
  }
  return entries;
}

/** The first three parts of a GUID are stored in little-endian order. */
function guid(raw: Buffer): string {
  const part = (from: number, to: number) => raw.subarray(from, to).toString('hex');
  const reversed = (from: number, to: number) => Buffer.from(raw.subarray(from, to)).reverse().toString('hex');
  return `${reversed(0, 4)}-${reversed(4, 6)}-${reversed(6, 8)}-${part(8, 10)}-${part(10, 16)}`;
}
