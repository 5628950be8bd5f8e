import { BadImage, type Bytes, need, safe } from './reader.ts';

const KiB = 1024;
/** Two copies; the second counts when the first is broken. */
const regionTables = [192 * KiB, 256 * KiB];
const metadataRegion = '8b7ca206-4790-4b9a-b8fe-575f050f886e';
const fileParameters = 'caa16737-fa36-4d43-b3b6-33f0aa44e76b';
const virtualDiskSize = '2fa54224-cd1b-4876-b211-5dbed83bf4b8';
const parentLocator = 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c';
const hasParent = 0b10;

/** Gives the size of the disk that it holds, in bytes. */
export async function inspectVhdx(bytes: Bytes): Promise<number> {
  const sizes: number[] = [];
  for (const at of regionTables) {
    const table = await need(bytes, at, 64 * KiB, 'region table');
    if (table.subarray(0, 4).toString('latin1') === 'regi') sizes.push(await diskOf(bytes, table));
  }
  const [size] = sizes;
  if (size === undefined) throw new BadImage('it has no region table');
  return size;
}

async function diskOf(bytes: Bytes, table: Buffer): Promise<number> {
  const count = Math.min(table.readUInt32LE(8), 2047);
  const entries = Array.from({ length: count }, (_, n) => table.subarray(16 + n * 32, 48 + n * 32));
  const region = entries.find((entry) => guid(entry) === metadataRegion);
  if (!region) throw new BadImage('it has no metadata');
  const offset = safe(region.readBigUInt64LE(16), 'the place of its metadata');
  const metadata = await need(bytes, offset, 64 * KiB, 'metadata');
  if (metadata.subarray(0, 8).toString('latin1') !== 'metadata') throw new BadImage('its metadata is broken');
  const items = itemsOf(metadata);
  if (items.has(parentLocator)) throw new BadImage('it has a parent image, which an uploaded image must not have');
  const parameters = await need(bytes, offset + placeOf(items, fileParameters), 8, 'file parameters');
  if (parameters.readUInt32LE(4) & hasParent)
    throw new BadImage('it has a parent image, which an uploaded image must not have');
  const size = await need(bytes, offset + placeOf(items, virtualDiskSize), 8, 'disk size');
  return safe(size.readBigUInt64LE(0), 'its disk size');
}

function itemsOf(metadata: Buffer): Map<string, number> {
  const count = Math.min(metadata.readUInt16LE(10), 2047);
  const entries = Array.from({ length: count }, (_, n) => metadata.subarray(32 + n * 32, 64 + n * 32));
  return new Map(entries.map((entry) => [guid(entry), entry.readUInt32LE(16)]));
}

function placeOf(items: ReadonlyMap<string, number>, item: string): number {
  const place = items.get(item);
  if (place === undefined) throw new BadImage('its metadata is not whole');
  return place;
}

/** Microsoft writes the first three parts with their bytes turned round. */
function guid(raw: Buffer): string {
  const part = (from: number, to: number) => raw.subarray(from, to).toString('hex');
  const turned = (from: number, to: number) => Buffer.from(raw.subarray(from, to)).reverse().toString('hex');
  return `${turned(0, 4)}-${turned(4, 6)}-${turned(6, 8)}-${part(8, 10)}-${part(10, 16)}`;
}
