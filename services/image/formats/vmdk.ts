import { BadImage, type Bytes, need, safe } from './reader.ts';

const sector = 512;
const gdAtEnd = 0xffff_ffff_ffff_ffffn;
const longestDescriptor = 1024 * 1024;
/** The two that are one file; all others spread over several. */
const allowed = ['monolithicsparse', 'streamoptimized'];

/** Gives the size of the disk that it holds, in bytes. */
export async function inspectVmdk(bytes: Bytes): Promise<number> {
  const header = await need(bytes, 0, sector, 'header');
  const capacity = header.readBigUInt64LE(12);
  // QEMU takes a header without capacity for a mere descriptor, and opens what that names
  if (capacity === 0n) throw new BadImage('its header has no capacity');
  if (header.readBigUInt64LE(56) === gdAtEnd) await checkFooter(bytes, header);
  checkDescriptor(await readDescriptor(bytes, header));
  return safe(capacity, 'its capacity') * sector;
}

/** A streamed image repeats its header near the end, and QEMU believes that one. */
async function checkFooter(bytes: Bytes, header: Buffer): Promise<void> {
  const footer = await need(bytes, Math.max(0, bytes.size - 2 * sector), sector, 'footer');
  const same = [0, 12, 28, 36].every((at) => footer.readBigUInt64LE(at) === header.readBigUInt64LE(at));
  if (!same) throw new BadImage('its footer contradicts its header');
}

async function readDescriptor(bytes: Bytes, header: Buffer): Promise<string> {
  const offset = safe(header.readBigUInt64LE(28), 'the place of its descriptor') * sector;
  const length = safe(header.readBigUInt64LE(36), 'the length of its descriptor') * sector;
  if (offset === 0 || length === 0) throw new BadImage('it has no descriptor');
  if (length > longestDescriptor) throw new BadImage('its descriptor is too long');
  const raw = await need(bytes, offset, length, 'descriptor');
  const end = raw.indexOf(0);
  return raw.subarray(0, end < 0 ? raw.length : end).toString('latin1');
}

function checkDescriptor(text: string): void {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const value = (key: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${key}=`))
      ?.split('=')[1]
      ?.replaceAll('"', '')
      .trim()
      .toLowerCase();
  const type = value('createtype') ?? 'none';
  if (!allowed.includes(type)) throw new BadImage(`its type is ${type}, only ${allowed.join(' and ')} are one file`);
  if (/parentfilenamehint/i.test(text) || (value('parentcid') ?? 'ffffffff') !== 'ffffffff')
    throw new BadImage('it has a parent image, which an uploaded image must not have');
  const extents = lines.filter((line) => /^(RW|RDONLY|NOACCESS)\s/i.test(line));
  if (extents.length !== 1 || !/^RW\s+\d+\s+SPARSE\s+"[^"/\\]+"\s*$/i.test(extents[0] ?? ''))
    throw new BadImage('its descriptor names data elsewhere, which an image must not refer to');
}
