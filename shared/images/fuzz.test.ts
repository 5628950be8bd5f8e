/** Fuzz tests of the image parsers: they accept or refuse any data in bounded work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { honest, vmdk } from '../../test/fakes/hostile-images/builders.ts';
import { inspect } from './inspect.ts';
import { inspectOverlay } from './qcow2.ts';
import { BadImage, type Bytes } from './reader.ts';

const seed = Number(process.env.WATTLE_TEST_SEED ?? Date.now() % 2 ** 31);
const rounds = 300;

/** Mulberry32: the same bytes for the same seed. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Offsets of headers; other data is not read. */
const headers = [0, 512, 1024, 0x8000, 192 * 1024, 256 * 1024, 2 ** 21, 2 ** 21 + 65_536];
const edges = [0, 1, 0x7f, 0xff, 0x200, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

function mutate(original: Buffer, random: (below: number) => number): Buffer {
  const image = Buffer.from(original);
  for (let changes = 1 + random(6); changes > 0; changes -= 1) {
    const near = headers[random(headers.length)] ?? 0;
    const at = Math.min(near + random(600), image.length - 9);
    const value = edges[random(edges.length)] ?? 0;
    const mutations = [
      () => void image.writeUInt8(random(256), at),
      () => void image.writeUInt32LE(value, at & ~3),
      () => void image.writeUInt32BE(value, at & ~3),
      () => void image.writeBigUInt64LE(BigInt(value) << BigInt(random(33)), at & ~7),
      () => void image.writeBigUInt64BE(BigInt(value) << BigInt(random(33)), at & ~7),
      () => void image.copy(image, at, random(image.length), image.length),
    ];
    mutations[random(mutations.length)]?.();
  }
  return random(4) === 0 ? image.subarray(0, random(image.length)) : image;
}

/** Fails the test when a parser reads at an invalid offset, or too much. */
function watched(image: Buffer): Bytes & { readonly asked: () => number } {
  let asked = 0;
  const read = async (offset: number, length: number) => {
    assert.ok(Number.isSafeInteger(offset) && offset >= 0, `offset ${offset}`);
    assert.ok(length >= 0 && length <= 2 ** 20, `length ${length}`);
    asked += 1;
    return image.subarray(offset, offset + length);
  };
  return { size: image.length, read, asked: () => asked };
}

async function checkVerdict(image: Buffer, parse: (bytes: Bytes) => Promise<number>): Promise<void> {
  const bytes = watched(image);
  try {
    const size = await parse(bytes);
    assert.ok(Number.isSafeInteger(size) && size >= 0, `size ${size}`);
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    assert.ok(error.message.length < 400, 'a sentence that a person can read');
  }
  assert.ok(bytes.asked() <= 200, `${bytes.asked()} reads`);
}

const formats = [...new Set(honest.map(({ format }) => format))];
for (const format of formats)
  test(`${format}: mutated images are accepted or refused, and never crash or hang the parser (WATTLE_TEST_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    for (const { format: own, bytes } of honest)
      if (own === format)
        for (let round = 0; round < rounds; round += 1)
          await checkVerdict(mutate(bytes, random), (b) => inspect(b, format));
  });

test(`random data is accepted or refused as every format and as an overlay (WATTLE_TEST_SEED=${seed})`, async () => {
  const random = randomFrom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const noise = Buffer.from(Array.from({ length: random(3000) }, () => random(256)));
    for (const format of formats) await checkVerdict(noise, (b) => inspect(b, format));
    await checkVerdict(noise, inspectOverlay);
  }
});

test('the longest descriptors are parsed in linear time', async () => {
  const lines = [
    'RW 1 SPARSE "'.padEnd(9000, 'a\\'),
    '"'.repeat(9000),
    'createType'.padEnd(9000, '='),
    'C:\\'.repeat(3000),
  ];
  for (const line of lines) {
    const startedAt = performance.now();
    await checkVerdict(vmdk({ descriptor: line.slice(0, 9000) }), (b) => inspect(b, 'vmdk'));
    assert.ok(performance.now() - startedAt < 2_000, line.slice(0, 20));
  }
});
