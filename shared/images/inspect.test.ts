import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '#shared/process/run.ts';
import { descriptorText, vmdk } from '../../test/fakes/hostile-images/builders.ts';
import { inspect } from './inspect.ts';
import { BadImage, type Bytes, bytesOf } from './reader.ts';

const MiB = 1024 * 1024;

const fileOf = (path: string): Bytes => {
  const file = openSync(path, 'r');
  return {
    size: statSync(path).size,
    read: async (offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
    },
  };
};
function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'formats-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}
const hasQemuImg = await run(['qemu-img', '--version']).then(
  () => true,
  () => false,
);
const needsQemuImg = { skip: hasQemuImg ? false : 'qemu-img is not installed' };
const qemuImg = (...args: string[]) => run(['qemu-img', ...args]);
const refused = (bytes: Bytes, format: string, message: RegExp) =>
  assert.rejects(inspect(bytes, format), (error: Error) => {
    assert.ok(error instanceof BadImage, String(error));
    assert.match(error.message, message);
    return true;
  });

/** The format's name in qemu-img and in Glance, and options of qemu-img. */
const written: readonly [string, string, ...string[]][] = [
  ['qcow2', 'qcow2'],
  ['qcow2', 'qcow2', 'compat=0.10'],
  ['raw', 'raw'],
  ['vmdk', 'vmdk'],
  ['vmdk', 'vmdk', 'subformat=streamOptimized'],
  ['vpc', 'vhd', 'subformat=fixed,force_size=on'],
  ['vpc', 'vhd', 'subformat=dynamic,force_size=on'],
  ['vhdx', 'vhdx'],
  ['vdi', 'vdi'],
];

for (const [qemu, format, ...options] of written)
  test(
    `${format} ${options} written by qemu-img is accepted with its size, and refused as any other format`,
    needsQemuImg,
    async (t) => {
      const dir = folder(t);
      const [source, file] = [join(dir, 'source'), join(dir, 'image')];
      writeFileSync(source, Buffer.alloc(8 * MiB, 'bytes'));
      await qemuImg('convert', '-f', 'raw', '-O', qemu, ...options.flatMap((each) => ['-o', each]), source, file);
      assert.equal(await inspect(fileOf(file), format), 8 * MiB);
      for (const other of ['qcow2', 'raw', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'ami'].filter(
        (each) => each !== format,
      ))
        if (format !== 'raw' || other !== 'ami') await refused(fileOf(file), other, /declared as/);
    },
  );

test('a qcow2 with a backing file is refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'raw', join(dir, 'base'), '1M');
  await qemuImg('create', '-f', 'qcow2', '-b', join(dir, 'base'), '-F', 'raw', join(dir, 'image'));
  await refused(fileOf(join(dir, 'image')), 'qcow2', /backing file/);
});

test('a qcow2 with its data in another file is refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'qcow2', '-o', `data_file=${join(dir, 'data')}`, join(dir, 'image'), '1M');
  await refused(fileOf(join(dir, 'image')), 'qcow2', /another file/);
});

test('a qcow2 with unknown features is refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'qcow2', join(dir, 'image'), '1M');
  const raw = readFileSync(join(dir, 'image'));
  raw.writeBigUInt64BE(1n << 40n, 72);
  await refused(bytesOf(raw), 'qcow2', /not known/);
});

test('a vmdk in several files is refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', join(dir, 'image.vmdk'), '1M');
  await refused(fileOf(join(dir, 'image.vmdk')), 'vmdk', /VMDK descriptor/);
  await refused(fileOf(join(dir, 'image.vmdk')), 'raw', /VMDK descriptor/);
});

test('a vmdk whose descriptor refers to another file is refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'vmdk', join(dir, 'image.vmdk'), '1M');
  const raw = readFileSync(join(dir, 'image.vmdk'));
  const bent = (from: string, to: string) => {
    const copy = Buffer.from(raw);
    copy.write(to.padEnd(from.length, ' '), copy.indexOf(from), 'latin1');
    return bytesOf(copy);
  };
  await refused(bent('"image.vmdk"', '"/etc/shadow'.slice(0, 11).concat('"')), 'vmdk', /elsewhere/);
  await refused(bent('parentCID=ffffffff', 'parentCID=00000001'), 'vmdk', /parent/);
  await refused(bent('"monolithicSparse"', '"twoGbMaxExtentFl"'), 'vmdk', /its type/);
  const empty = Buffer.from(raw);
  empty.writeBigUInt64LE(0n, 12);
  await refused(bytesOf(empty), 'vmdk', /no capacity/);
});

test('a vhd and a vhdx with a parent are refused', needsQemuImg, async (t) => {
  const dir = folder(t);
  await qemuImg('create', '-f', 'vpc', join(dir, 'vhd'), '4M');
  const vhd = readFileSync(join(dir, 'vhd'));
  vhd.writeUInt32BE(4, 60);
  await refused(bytesOf(vhd), 'vhd', /parent/);
  await qemuImg('create', '-f', 'vhdx', join(dir, 'vhdx'), '4M');
  const vhdx = readFileSync(join(dir, 'vhdx'));
  const item = vhdx.indexOf(Buffer.from('3767a1ca36fa434db3b633f0aa44e76b', 'hex'));
  const metadata = vhdx.indexOf('metadata');
  vhdx.writeUInt32LE(0b10, metadata + vhdx.readUInt32LE(item + 16) + 4);
  await refused(bytesOf(vhdx), 'vhdx', /parent/);
});

test('an iso is accepted as an iso, but not with the signature of another format', async () => {
  const iso = Buffer.alloc(64 * 1024);
  iso.write('CD001', 0x8001);
  assert.equal(await inspect(bytesOf(iso), 'iso'), 64 * 1024);
  await refused(bytesOf(iso), 'raw', /bytes are iso/);
  iso.write('QFI\xfb\x00\x00\x00\x03', 0, 'latin1');
  await refused(bytesOf(iso), 'iso', /bytes are qcow2/);
});

test('a truncated image is refused without a crash', async () => {
  for (const [format, start] of [
    ['qcow2', 'QFI\xfb\x00\x00\x00\x03'],
    ['vmdk', 'KDMV'],
    ['vhdx', 'vhdxfile'],
    ['vhd', 'conectix'],
  ] as const)
    await refused(bytesOf(Buffer.from(start, 'latin1')), format, /ends before|multiple of 512/);
  await refused(bytesOf(Buffer.alloc(0)), 'qcow2', /bytes are raw/);
});

test('a raw disk may contain a LUKS volume', async () => {
  const luks = Buffer.alloc(4096);
  luks.write('LUKS\xba\xbe', 0, 'latin1');
  assert.equal(await inspect(bytesOf(luks), 'raw'), 4096);
  await refused(bytesOf(luks), 'qcow2', /bytes are luks/);
});

test('a vmdk written by VirtualBox or VMware, with the original file name in it, is accepted', async () => {
  const names = ['RDONLY 2048 SPARSE "disk.vmdk"', 'RW 2048 SPARSE "C:\\VirtualBox VMs\\my disk\\disk-001.vmdk"'];
  for (const type of ['monolithicSparse', 'streamOptimized'])
    for (const line of [...names, 'rw 2048  SPARSE  "Größe.vmdk"']) {
      const text = descriptorText({ type, extents: [line] });
      for (const descriptor of [text, text.replaceAll('\n', '\r\n')])
        assert.equal(await inspect(bytesOf(vmdk({ descriptor })), 'vmdk'), 1024 * 1024, line);
    }
});

test('a refusal names the problem and a remedy', async () => {
  const text = Buffer.from(descriptorText({ type: 'monolithicFlat', extents: ['RW 1 FLAT "disk-flat.vmdk" 0'] }));
  await refused(
    bytesOf(text),
    'vmdk',
    /a VMDK descriptor, a text that names the files of a disk; upload the disk as one file/,
  );
});
