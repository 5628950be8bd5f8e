import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { admin, type ImageApiOptions, openImages } from '../../../test/fakes/image-api.ts';
import { openSweep } from '../bytes/sweep.ts';
import { openImageFiles } from '../drivers/file.ts';
import type { ImageBytes } from '../drivers/image-bytes.ts';

const content = Buffer.alloc(3 * 2 ** 20 + 7, 'content');
const noSpace = Object.assign(new Error('no space'), { code: 'ENOSPC' });
const full = (bytes: ImageBytes): ImageBytes => ({ ...bytes, reserve: async () => Promise.reject(noSpace) });

async function open(t: TestContext, options: ImageApiOptions = {}) {
  const stores: Record<string, ImageBytes> = {};
  for (const name of ['second', 'full']) {
    const dir = mkdtempSync(join(tmpdir(), 'copies-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const bytes = await openImageFiles(dir);
    stores[name] = name === 'full' ? full(bytes) : bytes;
  }
  const api = await openImages(t, { stores, ...options, config: { pollMs: 20, ...options.config } });
  const show = async (id: string) => (await api.ask('GET', `/v2/images/${id}`)).body as Record<string, string>;
  const importTo = (id: string, body: object, more: object = admin) =>
    api.ask('POST', `/v2/images/${id}/import`, { ...more, body: { method: { name: 'copy-image' }, ...body } });
  /** The image, when no copy of it is made any more. */
  const settled = async (id: string) => {
    for (;;) {
      t.signal.throwIfAborted();
      const image = await show(id);
      if (image.status !== 'importing' && image.os_glance_importing_to_stores === '') return image;
      await sleep(5);
    }
  };
  const active = async () => {
    const id = await api.make();
    assert.equal((await api.upload(id, content)).status, 204);
    return id;
  };
  const remove = (store: string, id: string, more: object = admin) =>
    api.ask('DELETE', `/v2/stores/${store}/${id}`, more);
  return { ...api, stores, show, importTo, settled, active, remove };
}

test('an image is copied to a further store, read from either, and removed from the first', async (t) => {
  const { ask, active, importTo, settled, remove, stores, files, images } = await open(t);
  const id = await active();
  assert.equal((await importTo(id, { stores: ['second'] })).status, 202);
  const copied = await settled(id);
  assert.deepEqual([copied.stores, copied.os_glance_failed_import, copied.status], ['file,second', '', 'active']);
  await openSweep(images)();
  assert.equal((await stores.second?.names())?.length, 1);
  const { body } = await ask('GET', `/v2/images/${id}/tasks`);
  const [task] = (body as unknown as { tasks: { status: string; input: { backend: string[] } }[] }).tasks;
  assert.deepEqual([task?.status, task?.input.backend], ['success', ['second']]);
  assert.equal((await remove('file', id)).status, 204);
  assert.deepEqual(files(), []);
  assert.ok((await ask('GET', `/v2/images/${id}/file`)).raw.equals(content));
  assert.equal((await remove('second', id)).status, 403, 'the last one');
  assert.equal((await remove('file', id)).status, 403, 'one store is left, which is asked before the name');
});

test('data that a store has lost is read from another, and a deleted image leaves nothing in any', async (t) => {
  const { ask, active, importTo, settled, files, stores, dir } = await open(t);
  const id = await active();
  await importTo(id, { stores: ['second'] });
  await settled(id);
  for (const name of files()) rmSync(join(dir, name));
  assert.ok((await ask('GET', `/v2/images/${id}/file`)).raw.equals(content));
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  assert.deepEqual([files(), await stores.second?.names()], [[], []]);
});

test('a store that fails undoes the copies in all, or is named when the others may stand', async (t) => {
  const { active, importTo, settled, stores } = await open(t);
  const [strict, lenient] = [await active(), await active()];
  assert.equal((await importTo(strict, { stores: ['second', 'full'] })).status, 202);
  const undone = await settled(strict);
  assert.deepEqual([undone.stores, undone.os_glance_failed_import, undone.status], ['file', 'full', 'active']);
  assert.deepEqual(await stores.second?.names(), []);
  await importTo(lenient, { all_stores: true, all_stores_must_succeed: false });
  const partly = await settled(lenient);
  assert.deepEqual([partly.stores, partly.os_glance_failed_import], ['file,second', 'full']);
});

test('copies are refused as Glance refuses them', async (t) => {
  const { ask, make, active, importTo, remove, db } = await open(t);
  const [id, queued] = [await active(), await make()];
  assert.equal((await importTo(queued, { stores: ['second'] })).status, 409);
  assert.equal((await importTo(id, { stores: ['second'] }, {})).status, 403, 'administrators copy');
  assert.equal((await importTo(id, { stores: ['file'] })).status, 400);
  assert.equal((await importTo(id, {})).status, 400, 'the usual store has it');
  assert.equal((await importTo(id, { stores: ['none'] })).status, 409);
  assert.equal((await importTo(id, { stores: ['second'], all_stores: true })).status, 400);
  const header = { ...admin, headers: { 'x-image-meta-store': 'second' } };
  assert.equal((await importTo(id, { stores: ['second'] }, header)).status, 400);
  assert.equal((await remove('none', id)).status, 409);
  assert.equal((await remove('second', queued)).status, 409);
  assert.equal((await remove('file', id, { project: 'other' })).status, 404);
  assert.equal((await remove('file', id, {})).status, 403, 'administrators remove');
  const other = { imageId: id, store: 'second', copyId: 'c', state: 'importing', importId: 'i' };
  await db('image_copies').insert(other);
  assert.equal((await importTo(id, { stores: ['full'] })).status, 409, 'copies are being made');
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  assert.equal(await db('image_copies').first(), undefined);
});

test('an import to several stores is active when all have the data, and queued when one that must has not', async (t) => {
  const { ask, make, settled, importTo, show, files, images } = await open(t);
  const staged = async () => {
    const id = await make();
    assert.equal((await ask('PUT', `/v2/images/${id}/stage`, { body: content })).status, 204);
    return id;
  };
  const direct = { method: { name: 'glance-direct' } };
  const both = await staged();
  assert.equal((await importTo(both, { ...direct, stores: ['file', 'second'] })).status, 202);
  assert.deepEqual(((image) => [image.status, image.stores])(await settled(both)), ['active', 'file,second']);
  const moved = await staged();
  await importTo(moved, { ...direct, stores: ['second'] });
  for (let status = ''; status !== 'active'; status = (await show(moved)).status ?? '') await sleep(5);
  assert.equal((await show(moved)).stores, 'second');
  assert.ok((await ask('GET', `/v2/images/${moved}/file`)).raw.equals(content));
  const failing = await staged();
  await importTo(failing, { ...direct, all_stores: true });
  assert.deepEqual(((image) => [image.status, image.size, image.os_glance_failed_import])(await settled(failing)), [
    'queued',
    null,
    'full',
  ]);
  await openSweep(images)();
  assert.equal(files().length, 1, 'what was staged for the other two is gone');
});

test('nobody adds a location, and there is no cache', async (t) => {
  const { ask, make, active } = await open(t);
  const [id, queued] = [await active(), await make()];
  const add = (to: string, more = {}) =>
    ask('POST', `/v2/images/${to}/locations`, { ...more, body: { url: 'http://x/' } });
  const refused = await Promise.all([add(queued), add(queued, admin), add(id), add(queued, { project: 'other' })]);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [403, 403, 409, 404],
  );
  assert.deepEqual([(await ask('GET', '/v2/cache', admin)).status, (await ask('GET', '/v2/cache')).status], [404, 403]);
});

test('each copy counts against the quota of the project', async (t) => {
  const { active, importTo } = await open(t, { config: { storageGb: 5 / 1024 } });
  const id = await active();
  assert.equal((await importTo(id, { stores: ['second'] })).status, 413);
  const wide = await open(t, { config: { storageGb: 7 / 1024 } });
  const other = await wide.active();
  assert.equal((await wide.importTo(other, { stores: ['second'] })).status, 202);
  await wide.settled(other);
  const { body } = await wide.ask('GET', '/v2/info/usage');
  const { usage } = body as unknown as { usage: { image_size_total: { usage: number } } };
  assert.equal(usage.image_size_total.usage, 7);
});
