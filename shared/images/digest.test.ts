import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { checkedBytes, digestOf, type ImageDigest } from './digest.ts';
import { BadImage } from './reader.ts';

const bytes = Buffer.alloc(100_000, 'bytes of an image');
const size = bytes.length;
const digest = digestOf({
  size,
  os_hash_algo: 'sha512',
  os_hash_value: createHash('sha512').update(bytes).digest('hex'),
});

async function read(sent: Buffer, expected: ImageDigest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const body = async function* () {
    for (let at = 0; at < sent.length; at += 30_000) yield sent.subarray(at, at + 30_000);
  };
  for await (const chunk of checkedBytes(body(), expected)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('data that matches its digest, or has none, is passed on', async () => {
  assert.ok((await read(bytes, digest)).equals(bytes));
  assert.ok((await read(bytes, digestOf({ size: null }))).equals(bytes));
});

test('R12: a flipped bit in a stored image is detected before the image is used', async () => {
  for (const at of [0, size - 1]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await assert.rejects(read(flipped, digest), BadImage);
  }
});

test('truncated data is a transient error, no BadImage', async () => {
  await assert.rejects(read(bytes.subarray(1), digest), (error) => !(error instanceof BadImage));
});
