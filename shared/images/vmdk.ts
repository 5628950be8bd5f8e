/** VMware's sparse extent: the two kinds that are one file. QEMU's block/vmdk.c is what it is read like. */
import { BadImage, type Bytes, hasParent, need, safe } from './reader.ts';

const sector = 512;
const gdAtEnd = 0xffff_ffff_ffff_ffffn;
/** QEMU reads the descriptor here, whatever the header says. */
const descriptorSector = 1n;
const descriptorSectors = 20;
/** All others spread over several files. */
const allowed = ['monolithicsparse', 'streamoptimized'];

/** Gives the size of the disk that it holds, in bytes. */
export async function inspectVmdk(bytes: Bytes): Promise<number> {
  const header = await need(bytes, 0, sector, 'header');
  const capacity = header.readBigUInt64LE(12);
  // QEMU takes a header without capacity for a mere descriptor, and opens what that names
  if (capacity === 0n) throw new BadImage('its header has no capacity');
  if (header.readBigUInt64LE(56) === gdAtEnd) await checkFooter(bytes, header);
  checkDescriptor(await readDescriptor(bytes, header));
  return safe(capacity * BigInt(sector), 'its capacity');
}

/** A streamed image repeats its header near the end, and QEMU believes that one. */
async function checkFooter(bytes: Bytes, header: Buffer): Promise<void> {
  // QEMU counts from the end in whole sectors
  if (bytes.size % sector !== 0) throw new BadImage('its length is not a multiple of 512 bytes');
  const footer = await need(bytes, Math.max(0, bytes.size - 2 * sector), sector, 'footer');
  const same = footer.subarray(0, 48).equals(header.subarray(0, 48)); // all up to where its tables are
  if (!same || footer.readBigUInt64LE(56) === gdAtEnd) throw new BadImage('its footer contradicts its header');
}

/** All that QEMU would read there, also behind the end of the text. */
async function readDescriptor(bytes: Bytes, header: Buffer): Promise<string> {
  const sectors = header.readBigUInt64LE(36);
  if (header.readBigUInt64LE(28) !== descriptorSector || sectors === 0n)
    throw new BadImage('its descriptor is not at byte 512, where it is read');
  if (sectors > BigInt(descriptorSectors)) throw new BadImage('its descriptor is too long');
  const raw = await bytes.read(sector, descriptorSectors * sector);
  if (/parentfilenamehint/i.test(raw.toString('latin1'))) throw hasParent();
  const text = raw.subarray(0, Number(sectors) * sector);
  const end = text.indexOf(0);
  return text.subarray(0, end < 0 ? text.length : end).toString('latin1');
}

function checkDescriptor(text: string): void {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const type = fieldOf(lines, 'createtype') ?? 'none';
  if (!allowed.includes(type))
    throw new BadImage(
      `its type is ${/^\w{1,40}$/.test(type) ? type : 'no word'}, only ${allowed.join(' and ')} are one file`,
    );
  if ((fieldOf(lines, 'parentcid') ?? 'ffffffff') !== 'ffffffff') throw hasParent();
  if (fieldOf(lines, 'changetrackpath') !== undefined) throw pointsElsewhere();
  const extents = lines.filter((line) => /^(RW|RDONLY|NOACCESS)\b/i.test(line));
  if (extents.length !== 1 || !isOwnExtent(extents[0] ?? '')) throw pointsElsewhere();
}

const pointsElsewhere = () => new BadImage('its descriptor names data elsewhere, which an image must not refer to');

/** Undefined when it is not there; named twice, it is not clear which one is read. */
function fieldOf(lines: readonly string[], key: string): string | undefined {
  const found = lines.flatMap((line) => {
    const at = line.indexOf('=');
    return at > 0 && line.slice(0, at).trim().toLowerCase() === key ? [line.slice(at + 1)] : [];
  });
  if (found.length > 1) throw new BadImage(`its descriptor says ${key} more than once`);
  return found[0]?.replaceAll('"', '').trim().toLowerCase();
}

/**
 * The sparse extent that this file itself is. Writers leave the name that the file had with them (VirtualBox a Windows
 * path, and RDONLY); it is never opened, and a name that another system could follow is refused.
 */
const isOwnExtent = (line: string): boolean =>
  /^(RW|RDONLY)\s+\d+\s+SPARSE\s+"(?:[A-Za-z]:\\(?:[^"/\\:]+\\)*)?[^"/\\:]+"$/i.test(line);
