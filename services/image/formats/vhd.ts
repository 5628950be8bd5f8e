import { BadImage, type Bytes, need, safe } from './reader.ts';

const footerLength = 512;
const kinds: Readonly<Record<number, string>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' };
const cookie = Buffer.from('conectix');

/** Gives the size of the disk that it holds, in bytes. */
export async function inspectVhd(bytes: Bytes): Promise<number> {
  const head = await need(bytes, 0, footerLength, 'header');
  const tail = await need(bytes, Math.max(0, bytes.size - footerLength), footerLength, 'footer');
  if (!tail.subarray(0, 8).equals(cookie)) throw new BadImage('it has no footer');
  const copies = head.subarray(0, 8).equals(cookie) ? [head, tail] : [tail];
  const found = copies.map((footer) => kinds[footer.readUInt32BE(60)]);
  if (found.includes('differencing'))
    throw new BadImage('it has a parent image, which an uploaded image must not have');
  const expected = copies.length === 2 ? 'dynamic' : 'fixed';
  if (found.some((kind) => kind !== expected)) throw new BadImage('its header and its footer contradict each other');
  return safe(tail.readBigUInt64BE(48), 'its current size');
}
