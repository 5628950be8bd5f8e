/** What every store of image data does. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { request } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { startStore } from '../../../test/e2e/object-cloud.ts';
import { openImageFiles } from './file.ts';
import type { ImageBytes } from './image-bytes.ts';
import { objectStoreImages, segmentBytesAt } from './object-store.ts';

const MiB = 2 ** 20;

async function inRing(t: TestContext, wrong: () => number = () => 0) {
  const ring = await startStore(t);
  const raw: Session['raw'] = (_type, path, { headers, ...ask } = {}) => {
    const token = wrong() === 401 ? 'none' : 'u:p:member';
    return request(`${ring.url}/v1/AUTH_p${path}`, { ...ask, headers: { 'x-auth-token': token, ...headers } });
  };
  const session = { raw } as Pick<Session, 'raw'>;
  return { ring, bytes: objectStoreImages(session, () => MiB) };
}

const stores: Readonly<Record<string, (t: TestContext) => Promise<ImageBytes>>> = {
  file: async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'images-'));
    t.after(() => rm(directory, { recursive: true }));
    return openImageFiles(directory);
  },
  'object-store': async (t) => (await inRing(t)).bytes,
};

async function written(bytes: ImageBytes, name: string, blocks: readonly Buffer[]) {
  const fresh = await bytes.begin(name);
  const reused = Buffer.alloc(2 * MiB);
  for (const block of blocks) {
    block.copy(reused); // as an upload does
    await fresh.write(reused.subarray(0, block.length));
  }
  return fresh;
}

const blocks = [Buffer.alloc(MiB, 'a'), Buffer.alloc(1_500_000, 'b'), Buffer.from('the end')];
const whole = Buffer.concat(blocks);
const isMissing = { code: 'ENOENT' };

for (const [kind, open] of Object.entries(stores)) {
  test(`${kind}: data is read while it is written, and opened when it is published, whole and in part`, async (t) => {
    const bytes = await open(t);
    const fresh = await written(bytes, 'i.1', blocks);
    assert.ok((await fresh.read(MiB - 3, 10)).equals(whole.subarray(MiB - 3, MiB + 7)));
    await fresh.write(Buffer.from(', and more'));
    await assert.rejects(bytes.open('i.1'), isMissing);
    assert.deepEqual(await bytes.names(), ['i.1']);
    await fresh.publish();
    await fresh.discard();
    const expected = Buffer.concat([whole, Buffer.from(', and more')]);
    assert.ok((await buffer(await bytes.open('i.1'))).equals(expected));
    const range = { start: 2_000_000, end: 2_000_099 };
    assert.ok((await buffer(await bytes.open('i.1', range))).equals(expected.subarray(2_000_000, 2_000_100)));
  });

  test(`${kind}: nothing is left of what was discarded or removed, published or not`, async (t) => {
    const bytes = await open(t);
    await (await written(bytes, 'i.1', blocks)).discard();
    await (await written(bytes, 'i.2', blocks)).publish();
    const killed = await written(bytes, 'i.3', blocks);
    await killed.read(0, 1);
    await (await bytes.begin('i.4')).publish();
    assert.deepEqual((await bytes.names()).toSorted(), ['i.2', 'i.3', 'i.4']);
    assert.equal((await buffer(await bytes.open('i.4'))).length, 0);
    for (const name of ['i.2', 'i.3', 'i.4', 'i.5']) await bytes.remove(name);
    assert.deepEqual(await bytes.names(), []);
    await assert.rejects(bytes.open('i.2'), isMissing);
    await killed.discard();
  });
}

test('segments hold more than the largest image', () => {
  const total = Array.from({ length: 1000 }, (_, index) => segmentBytesAt(index)).reduce((sum, each) => sum + each, 0);
  assert.ok(total > 1024 ** 4, String(total));
  assert.ok(segmentBytesAt(999) < 5 * 1024 ** 3);
});

test('a ring that refuses a segment ends the upload, which says whom to blame', async (t) => {
  let status = 0;
  const { bytes } = await inRing(t, () => status);
  const fresh = await bytes.begin('i.1');
  status = 401;
  await assert.rejects(async () => {
    for (let count = 0; count < 100; count += 1) await fresh.write(Buffer.alloc(MiB));
  }, /The object store, which has the data of images, answered 401/);
  status = 0;
  await fresh.discard();
});
