import { BadImage, type Bytes, parentError, readExactly, toSafeNumber } from './reader.ts';

const footerLength = 512;
const kinds: Readonly<Record<number, string>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' };
const cookie = Buffer.from('conectix');

/** Returns the virtual size in bytes. */
export async function inspectVhd(bytes: Bytes): Promise<number> {
  // QEMU counts from the end in whole sectors
  if (bytes.size % footerLength !== 0) throw new BadImage('its length is not a multiple of 512 bytes');
  const head = await readExactly(bytes, 0, footerLength, 'header');
  const tail = await readExactly(bytes, Math.max(0, bytes.size - footerLength), footerLength, 'footer');
  if (!tail.subarray(0, 8).equals(cookie)) throw new BadImage('it has no footer');
  const copies = head.subarray(0, 8).equals(cookie) ? [head, tail] : [tail];
  const found = copies.map((footer) => kinds[footer.readUInt32BE(60)]);
  if (found.includes('differencing')) throw parentError();
  const expected = copies.length === 2 ? 'dynamic' : 'fixed';
  if (found.some((kind) => kind !== expected)) throw new BadImage('its header and its footer contradict each other');
  for (const copy of copies) if (expected === 'dynamic') await checkDynamic(bytes, copy);
  return toSafeNumber(tail.readBigUInt64BE(48), 'its current size');
}

/** The header of a dynamic disk has fields for the id and name of a parent, and for eight parent locators. */
async function checkDynamic(bytes: Bytes, footer: Buffer): Promise<void> {
  const at = toSafeNumber(footer.readBigUInt64BE(16), 'the offset of its dynamic header');
  const header = await readExactly(bytes, at, 1024, 'dynamic header');
  if (header.subarray(0, 8).toString('latin1') !== 'cxsparse') throw new BadImage('its dynamic header is broken');
  const isEmpty = (from: number, to: number) => header.subarray(from, to).every((byte) => byte === 0);
  if (!isEmpty(40, 56) || !isEmpty(64, 768)) throw parentError();
}
