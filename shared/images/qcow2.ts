import { BadImage, type Bytes, readExactly, toSafeNumber } from './reader.ts';

const dataFileBit = 1n << 2n;
const compressionBit = 1n << 3n;
/** Dirty, corrupt, (data file), compression type, extended L2 entries: the features that QEMU supports. */
const knownBits = 0b11111n;
const dataFileExtension = 0x44415441;
const encryptionExtension = 0x0537be77;
const endOfExtensions = 0;
const externalDataError = () => new BadImage('its data is in another file, which an image must not refer to');
const encryptedError = () => new BadImage('it is encrypted: decrypt it before the upload');

/** Returns the virtual size in bytes. */
export async function inspectQcow2(bytes: Bytes): Promise<number> {
  const header = await readExactly(bytes, 0, 72, 'header');
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0)
    throw new BadImage('it has a backing file, which an uploaded image must not have');
  return inspectHeader(bytes, header);
}

/** For a disk that this host created over an image of its own: its backing file is not checked. Returns the virtual size. */
export async function inspectOverlay(bytes: Bytes): Promise<number> {
  return inspectHeader(bytes, await readExactly(bytes, 0, 72, 'header'));
}

async function inspectHeader(bytes: Bytes, header: Buffer): Promise<number> {
  const version = header.readUInt32BE(4);
  if (header.subarray(0, 4).toString('latin1') !== 'QFI\xfb' || (version !== 2 && version !== 3))
    throw new BadImage('it is no qcow2 of version 2 or 3');
  const clusterBits = header.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw new BadImage('its cluster size is not plausible');
  if (header.readUInt32BE(32) !== 0) throw encryptedError();
  const extensionsAt = version === 3 ? await checkVersion3(bytes) : 72;
  await checkExtensions(bytes, extensionsAt, 1 << clusterBits);
  return toSafeNumber(header.readBigUInt64BE(24), 'its virtual size');
}

/** Returns the length of the header, after which the extensions start. */
async function checkVersion3(bytes: Bytes): Promise<number> {
  const header = await readExactly(bytes, 0, 104, 'header');
  const incompatible = header.readBigUInt64BE(72);
  if (incompatible & dataFileBit) throw externalDataError();
  if (incompatible & ~knownBits) throw new BadImage('it uses features of qcow2 that are not known here');
  const length = header.readUInt32BE(100);
  if (length < 104 || length > 4096) throw new BadImage('its header length is not plausible');
  const compression = length > 104 ? (await readExactly(bytes, 104, 1, 'header')).readUInt8(0) : 0;
  if (compression > 1 || (compression !== 0) !== ((incompatible & compressionBit) !== 0n))
    throw new BadImage('its kind of compression is not known here');
  return length;
}

/** Header extensions are in the first cluster, in version 2, too. */
async function checkExtensions(bytes: Bytes, from: number, end: number): Promise<void> {
  let at = from;
  for (let extensions = 0; extensions < 64; extensions += 1) {
    const extension = at + 8 > end ? Buffer.alloc(0) : await bytes.read(at, 8);
    if (extension.length < 8) return;
    const type = extension.readUInt32BE(0);
    if (type === endOfExtensions) return;
    if (type === dataFileExtension) throw externalDataError();
    if (type === encryptionExtension) throw encryptedError();
    at += 8 + Math.ceil(extension.readUInt32BE(4) / 8) * 8;
  }
  throw new BadImage('it has more header extensions than is plausible');
}
