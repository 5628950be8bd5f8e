/** VMware's sparse extents: the two types in a single file, parsed as in QEMU's block/vmdk.c. */
import { BadImage, type Bytes, parentError, readExactly, toSafeNumber } from './reader.ts';

const sector = 512;
const gdAtEnd = 0xffff_ffff_ffff_ffffn;
/** QEMU reads the descriptor at this sector and ignores the header field. */
const descriptorSector = 1n;
const descriptorSectors = 20;
/** All other types use several files. */
const allowed = ['monolithicsparse', 'streamoptimized'];

/** Returns the virtual size in bytes. */
export async function inspectVmdk(bytes: Bytes): Promise<number> {
  const header = await readExactly(bytes, 0, sector, 'header');
  const capacity = header.readBigUInt64LE(12);
  // QEMU treats a header without capacity as a descriptor file, and opens the files it names
  if (capacity === 0n) throw new BadImage('its header has no capacity');
  if (header.readBigUInt64LE(56) === gdAtEnd) await checkFooter(bytes, header);
  checkDescriptor(await readDescriptor(bytes, header));
  return toSafeNumber(capacity * BigInt(sector), 'its capacity');
}

/** A streamOptimized image repeats its header in a footer, which QEMU uses. */
async function checkFooter(bytes: Bytes, header: Buffer): Promise<void> {
  // QEMU counts from the end in whole sectors
  if (bytes.size % sector !== 0) throw new BadImage('its length is not a multiple of 512 bytes');
  const footer = await readExactly(bytes, Math.max(0, bytes.size - 2 * sector), sector, 'footer');
  const same = footer.subarray(0, 48).equals(header.subarray(0, 48)); // all fields before the offsets of its tables
  if (!same || footer.readBigUInt64LE(56) === gdAtEnd) throw new BadImage('its footer contradicts its header');
}

/** Reads the same range as QEMU; a parent hint after the end of the text is refused, too. */
async function readDescriptor(bytes: Bytes, header: Buffer): Promise<string> {
  const sectors = header.readBigUInt64LE(36);
  if (header.readBigUInt64LE(28) !== descriptorSector || sectors === 0n)
    throw new BadImage('its descriptor is not at byte 512, where it is read');
  if (sectors > BigInt(descriptorSectors)) throw new BadImage('its descriptor is too long');
  const raw = await bytes.read(sector, descriptorSectors * sector);
  if (/parentfilenamehint/i.test(raw.toString('latin1'))) throw parentError();
  const text = raw.subarray(0, Number(sectors) * sector);
  const end = text.indexOf(0);
  return text.subarray(0, end < 0 ? text.length : end).toString('latin1');
}

function checkDescriptor(text: string): void {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const type = fieldOf(lines, 'createtype') ?? 'none';
  if (!allowed.includes(type))
    throw new BadImage(
      `its type is ${/^\w{1,40}$/.test(type) ? type : 'not a word'}, only ${allowed.join(' and ')} are one file`,
    );
  if ((fieldOf(lines, 'parentcid') ?? 'ffffffff') !== 'ffffffff') throw parentError();
  if (fieldOf(lines, 'changetrackpath') !== undefined) throw externalDataError();
  const extents = lines.filter((line) => /^(RW|RDONLY|NOACCESS)\b/i.test(line));
  if (extents.length !== 1 || !isOwnExtent(extents[0] ?? '')) throw externalDataError();
}

const externalDataError = () => new BadImage('its descriptor names data elsewhere, which an image must not refer to');

/** Returns undefined when the field is missing. Duplicates are refused, since readers may differ in which one they use. */
function fieldOf(lines: readonly string[], key: string): string | undefined {
  const found = lines.flatMap((line) => {
    const at = line.indexOf('=');
    return at > 0 && line.slice(0, at).trim().toLowerCase() === key ? [line.slice(at + 1)] : [];
  });
  if (found.length > 1) throw new BadImage(`its descriptor says ${key} more than once`);
  return found[0]?.replaceAll('"', '').trim().toLowerCase();
}

/**
 * Whether the line describes this file itself as a sparse extent. Writers leave the original file name (VirtualBox a
 * Windows path, and RDONLY); it is never opened, and a path that another system could follow is refused.
 */
const isOwnExtent = (line: string): boolean =>
  /^(RW|RDONLY)\s+\d+\s+SPARSE\s+"(?:[A-Za-z]:\\(?:[^"/\\:]+\\)*)?[^"/\\:]+"$/i.test(line);
