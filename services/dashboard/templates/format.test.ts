import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { formatOf, peek } from './format.ts';

const withBytes = (offset: number, text: string): Buffer => {
  const head = Buffer.alloc(64 * 1024);
  head.write(text, offset, 'latin1');
  return head;
};

test('the bytes of a file decide its format; only a VHD of fixed size needs its name', async () => {
  const formats = [
    [withBytes(0, 'QFI\xfb\x00\x00\x00\x03'), 'a.iso', 'qcow2'],
    [withBytes(0x8001, 'CD001'), 'a.qcow2', 'iso'],
    [withBytes(0, 'KDMV'), '', 'vmdk'],
    [Buffer.alloc(512), 'Disk.VHD', 'vhd'],
    [Buffer.alloc(0), 'disk', 'raw'],
  ] as const;
  for (const [head, name, format] of formats) assert.equal(await formatOf(head, name), format);
});

test('a packed file, a disk of a format that cannot be used and one of two formats are refused with what would help', async () => {
  const refused = [
    [withBytes(257, 'ustar'), /packed \(tar or OVA\): unpack it/],
    [withBytes(0, '\xfd7zXZ\0'), /packed \(xz\)/],
    [withBytes(0, 'QED\0'), /is qed, which cannot be a template/],
    [Buffer.concat([withBytes(0, 'KDMV').subarray(0, 0x8001), Buffer.from('CD001')]), /vmdk and iso/],
  ] as const;
  for (const [head, message] of refused) await assert.rejects(formatOf(head, 'disk.img'), { status: 415, message });
});

test('looking at the start of a stream leaves all of its bytes', async () => {
  const blocks = Array.from({ length: 5 }, (_, n) => Buffer.alloc(40_000, n));
  const { head, all } = await peek(Readable.from(blocks));
  assert.equal(head.length, 64 * 1024);
  assert.deepEqual(Buffer.concat(await all.toArray()), Buffer.concat(blocks));
  const short = await peek(Readable.from([Buffer.from('x')]));
  assert.deepEqual([short.head.toString(), (await short.all.toArray()).join('')], ['x', 'x']);
});
