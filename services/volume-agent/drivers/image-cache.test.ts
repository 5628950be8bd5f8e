import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { openFake } from './fake.ts';
import { withImageCache } from './image-cache.ts';

const [ubuntu, debian, alpine] = [randomUUID(), randomUUID(), randomUUID()];
const secret = 'a'.repeat(64);

/** A store that records which images it reads, and may refuse a volume once. */
async function openCache(t: TestContext, maxGb: number) {
  const directory = await mkdtemp(join(tmpdir(), 'image-cache-'));
  t.after(() => rm(directory, { recursive: true }));
  const store = openFake({ pool: 'fake', totalGb: 100 });
  const read: string[] = [];
  let refusals = 0;
  const watched: typeof store = {
    ...store,
    ensureVolume: async (spec) => {
      if (refusals-- > 0) throw new Fault(507, 'insufficientStorage', 'the disk is full');
      if (spec.source.kind === 'image') read.push(spec.source.imageId);
      return store.ensureVolume(spec);
    },
  };
  const open = (limit = maxGb) => withImageCache(watched, { maxGb: limit, directory });
  const entries = async () => (await store.stored()).volumes.filter((id) => id.startsWith('cache-'));
  const refuseOnce = () => {
    refusals = 1;
  };
  return { open, entries, read, refuseOnce };
}

const from = (imageId: string, sizeGb = 1) => ({
  id: randomUUID(),
  sizeGb,
  source: { kind: 'image', imageId, format: 'raw' } as const,
});

test('an image is read once for several volumes, also after a restart, and its entry is no volume of the cloud', async (t) => {
  const { open, read, entries } = await openCache(t, 10);
  const cached = await open();
  const made = [from(ubuntu), from(ubuntu, 3), from(ubuntu)];
  await Promise.all(made.map((spec) => cached.ensureVolume(spec)));
  await (await open()).ensureVolume(from(ubuntu));
  assert.deepEqual([read, await entries()], [[ubuntu], [`cache-${ubuntu}`]]);
  const { volumes } = await cached.stored();
  assert.deepEqual([volumes.length, volumes.some((id) => id.includes('cache'))], [4, false]);
});

test('the least recently used images are removed, and all of them when the cache is switched off', async (t) => {
  const { open, read, entries } = await openCache(t, 2);
  const cached = await open();
  for (const imageId of [ubuntu, debian, ubuntu, alpine, debian]) await cached.ensureVolume(from(imageId));
  assert.deepEqual(read, [ubuntu, debian, alpine, debian]);
  assert.deepEqual((await entries()).toSorted(), [`cache-${alpine}`, `cache-${debian}`].toSorted());
  await open(0);
  assert.deepEqual(await entries(), []);
});

test('larger images, encrypted volumes and volumes that exist are made without an entry', async (t) => {
  const { open, read, entries } = await openCache(t, 2);
  const cached = await open();
  await cached.ensureVolume(from(ubuntu, 3));
  await cached.ensureVolume({ ...from(debian), encryption: { keyBits: 256, secret } });
  assert.deepEqual([read, await entries()], [[ubuntu, debian], []]);
});

test('an entry that is larger than a volume is made anew, and a full pool gives up its entries', async (t) => {
  const { open, read, entries, refuseOnce } = await openCache(t, 9);
  const cached = await open();
  await cached.ensureVolume(from(ubuntu, 3));
  await cached.ensureVolume(from(ubuntu, 1));
  assert.deepEqual(read, [ubuntu, ubuntu]);
  refuseOnce();
  await cached.ensureVolume({ id: randomUUID(), sizeGb: 1, source: { kind: 'blank' } });
  assert.deepEqual(await entries(), []);
});
