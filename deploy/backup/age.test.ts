import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { Refusal } from '../command.ts';
import { decrypt, encrypt } from './age.ts';

const passphrase = 'correct horse battery staple';
const sealed = (plain: Buffer) => buffer(encrypt(Readable.from(plain.length > 0 ? [plain] : []), passphrase, 10));
const opened = (bytes: Buffer, phrase = passphrase) => buffer(decrypt(Readable.from([bytes]), phrase, 'the file'));

const chunk = 64 * 1024;

test('what was encrypted is decrypted, around the sizes of a chunk', async () => {
  for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 200_000]) {
    const plain = randomBytes(size);
    assert.ok((await opened(await sealed(plain))).equals(plain), `${size} bytes`);
  }
});

/** `age --passphrase` of Debian 12, of the text below and the passphrase above. */
const writtenByAge =
  'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBOcG94MlJRT1BaRUQ4T2Q4RUxzc29BIDE4ClpvUFJiSDJUMGJ0QmRWWFdFYUpVK0VnRHdUYnZZdTBzRDE5WG9wekRGMmcKLS0tIGhRamhtNkZFNHhCeDJhdXA0VnY1OVllQzBxejcyZnBzcW1pNmhQT3JxaUEKAm8seG0oNTtfdiNbWdKKp4T9BcLI2jjSyHNxmsyuyqHvsk9V0HxzH6dx7vVHVx4=';

test('a file that the age command wrote is decrypted', async () => {
  assert.equal(String(await opened(Buffer.from(writtenByAge, 'base64'))), 'written by age\n');
});

test('another passphrase is refused, and says so', async () => {
  await assert.rejects(opened(await sealed(Buffer.from('x')), 'another passphrase'), /the passphrase does not open/);
});

test('a file cut at any place is refused as truncated or damaged, also at the end of a chunk', async () => {
  const bytes = await sealed(randomBytes(2 * chunk + 10));
  const header = bytes.indexOf('\n--- ') + 49 + 16;
  for (const length of [0, 10, header - 20, header, header + chunk + 16, header + 2 * (chunk + 16), bytes.length - 1])
    await assert.rejects(
      opened(bytes.subarray(0, length)),
      (error) => error instanceof Refusal && /truncated|damaged|no backup/.test(error.message),
      `${length} of ${bytes.length} bytes`,
    );
});

test('a changed bit anywhere is refused, and bytes behind the end are', async () => {
  const bytes = await sealed(randomBytes(chunk + 100));
  for (const at of [0, 25, 60, 90, 130, 200, 300, chunk + 200, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(opened(changed), Refusal, `byte ${at}`);
  }
  await assert.rejects(opened(Buffer.concat([bytes, Buffer.alloc(1)])), /damaged/);
});

test('what fails to read the file is no damage of it', async () => {
  async function* failing() {
    yield (await sealed(Buffer.from('x'))).subarray(0, 150);
    throw new Error('the disk is gone');
  }
  await assert.rejects(buffer(decrypt(failing(), passphrase, 'the file')), /the disk is gone/);
});
