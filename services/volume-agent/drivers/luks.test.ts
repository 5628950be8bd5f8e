import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryRun } from '#shared/process/run.ts';
import { convert } from './file/convert.ts';
import { headerBytes, luksHeader } from './luks.ts';

const secret = '5e'.repeat(32);
const mib = 2 ** 20;

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'luks-'));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'right'), secret);
  await writeFile(join(directory, 'wrong'), secret.replace('5', '6'));
  return directory;
}

const qemuIo = (cwd: string, key: string, path: string, ...commands: string[]) =>
  tryRun(
    [
      ...['qemu-io', '--object', `secret,id=key,file=${key}`],
      ...['--image-opts', `driver=luks,key-secret=key,file.filename=${path}`],
      ...commands.flatMap((command) => ['-c', command]),
    ],
    { cwd },
  );

for (const keyBits of [256, 512] as const)
  test(`QEMU opens a header with a key of ${keyBits} bits by its passphrase alone, and what it writes is ciphertext`, async (t) => {
    const cwd = await directoryFor(t);
    const header = await luksHeader({ keyBits, secret });
    await writeFile(join(cwd, 'volume'), Buffer.concat([header, Buffer.alloc(4 * mib)]));
    const written = await qemuIo(cwd, 'right', 'volume', 'write -P 0x41 0 1M', 'read -P 0x41 0 1M', 'length');
    assert.deepEqual([written.code, written.stdout.split('\n').includes('4 MiB')], [0, true], written.stderr);
    assert.ok(!written.stdout.includes('Pattern verification failed'));
    const bytes = await readFile(join(cwd, 'volume'));
    assert.ok(!bytes.includes(Buffer.alloc(16, 0x41)) && !bytes.includes(secret));
    assert.ok(!bytes.subarray(headerBytes, headerBytes + mib).equals(Buffer.alloc(mib)));
    const wrong = await qemuIo(cwd, 'wrong', 'volume', 'length');
    assert.match(wrong.stderr, /Invalid password/);
  });

test('an image is encrypted while it is converted, its zeros too', async (t) => {
  const cwd = await directoryFor(t);
  await writeFile(join(cwd, 'image'), Buffer.concat([Buffer.alloc(mib, 'plain'), Buffer.alloc(mib)]));
  const [from, to] = [await open(join(cwd, 'image'), 'r'), await open(join(cwd, 'volume'), 'w+')];
  await to.truncate(headerBytes + 3 * mib);
  const encryption = { keyBits: 512, secret } as const;
  const conversion = { from, fromFormat: 'raw', to, toFormat: 'raw', bytes: 2 * mib, encryption } as const;
  await convert({ ...conversion, signal: t.signal });
  await Promise.all([from.close(), to.close()]);
  const bytes = await readFile(join(cwd, 'volume'));
  assert.ok(
    !bytes.includes('plainplain') && !bytes.subarray(headerBytes, headerBytes + 2 * mib).includes(Buffer.alloc(64)),
  );
  const read = await qemuIo(cwd, 'right', 'volume', 'read -P 0 1M 1M', 'read -v 0 16');
  assert.ok(
    !read.stdout.includes('Pattern verification failed') && read.stdout.includes('plainplainplainp'),
    read.stdout,
  );
});
