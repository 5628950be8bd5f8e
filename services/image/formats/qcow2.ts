import { BadImage, type Bytes, need, safe } from './reader.ts';

const dataFileBit = 1n << 2n;
/** Dirty, corrupt, (data file), compression type, extended L2 entries: what this QEMU knows. */
const knownBits = 0b11111n;
const dataFileExtension = 0x44415441;
const endOfExtensions = 0;

/** Gives the size of the disk that it holds, in bytes. */
export async function inspectQcow2(bytes: Bytes): Promise<number> {
  const header = await need(bytes, 0, 72, 'header');
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0)
    throw new BadImage('it has a backing file, which an uploaded image must not have');
  const version = header.readUInt32BE(4);
  if (version === 3) await checkVersion3(bytes);
  const clusterBits = header.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw new BadImage('its cluster size is not plausible');
  return safe(header.readBigUInt64BE(24), 'its virtual size');
}

async function checkVersion3(bytes: Bytes): Promise<void> {
  const header = await need(bytes, 0, 104, 'header');
  const incompatible = header.readBigUInt64BE(72);
  if (incompatible & dataFileBit) throw new BadImage('its data is in another file, which an image must not refer to');
  if (incompatible & ~knownBits) throw new BadImage('it uses features of qcow2 that are not known here');
  let at = header.readUInt32BE(100);
  if (at < 104 || at > 4096) throw new BadImage('its header length is not plausible');
  for (let extensions = 0; extensions < 64; extensions += 1) {
    const extension = await bytes.read(at, 8);
    if (extension.length < 8) return;
    const type = extension.readUInt32BE(0);
    if (type === endOfExtensions) return;
    if (type === dataFileExtension) throw new BadImage('it names a data file, which an image must not refer to');
    at += 8 + Math.ceil(extension.readUInt32BE(4) / 8) * 8;
  }
  throw new BadImage('it has more header extensions than is plausible');
}
