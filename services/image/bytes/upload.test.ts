import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openImages } from '../../../test/fakes/image-api.ts';
import { openSweep } from './sweep.ts';

test('an image is created, uploaded, downloaded whole and in part, and deleted with its data', async (t) => {
  const { ask, make, upload, files } = await openImages(t);
  const id = await make({ 'owner_specified.openstack.md5': '', tags: ['b', 'a'] });
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, 'some bytes');
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 204);
  assert.equal((await upload(id, bytes)).status, 204);
  const shown = (await ask('GET', `/v2/images/${id}`)).body as Record<string, unknown>;
  assert.deepEqual(
    [
      shown.status,
      shown.size,
      shown.virtual_size,
      shown.checksum,
      shown.os_hash_algo,
      shown.os_hash_value,
      shown.stores,
    ],
    [
      'active',
      bytes.length,
      bytes.length,
      createHash('md5').update(bytes).digest('hex'),
      'sha512',
      createHash('sha512').update(bytes).digest('hex'),
      'file',
    ],
  );
  assert.equal(shown['owner_specified.openstack.md5'], '');
  assert.deepEqual(shown.tags, ['a', 'b']);
  const whole = await ask('GET', `/v2/images/${id}/file`);
  assert.ok(whole.raw.equals(bytes));
  assert.equal(whole.headers.get('content-md5'), shown.checksum);
  const part = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=5-9' } });
  assert.deepEqual([part.status, part.raw.toString()], [206, bytes.subarray(5, 10).toString()]);
  assert.equal((await upload(id, bytes)).status, 409);
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).status, 404);
  assert.deepEqual(files(), []);
  assert.equal((await ask('POST', '/v2/images', { body: { id } })).status, 409);
});

test('data of another format than declared is refused, and no file is left', async (t) => {
  const { ask, make, upload, files } = await openImages(t);
  const id = await make({ disk_format: 'qcow2' });
  const refused = await upload(id, Buffer.alloc(5 * 1024 * 1024));
  assert.deepEqual(
    [refused.status, refused.body.message],
    [415, 'The image is refused: it is declared as qcow2, but its bytes are raw.'],
  );
  assert.deepEqual(files(), []);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
  const raw = await make();
  const sneaky = Buffer.alloc(4096);
  sneaky.write('QFI\xfb\x00\x00\x00\x03', 0, 'latin1');
  assert.equal((await upload(raw, sneaky)).status, 415);
  assert.deepEqual(files(), []);
});

test('a full disk is refused with 413, and no partial file is left', async (t) => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const { ask, make, upload, files } = await openImages(t, {
    change: (bytes) => ({
      ...bytes,
      begin: async (name) => ({ ...(await bytes.begin(name)), write: () => Promise.reject(full) }),
    }),
  });
  const id = await make();
  const refused = await upload(id, Buffer.alloc(2 * 1024 * 1024));
  assert.equal(refused.status, 413);
  assert.match(refused.body.message, /not enough disk space/);
  assert.deepEqual(files(), []);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
});

test('S14: a read error of the disk aborts the response, so that the client notices', async (t) => {
  const broken = async function* () {
    yield Buffer.alloc(1024);
    throw Object.assign(new Error('input/output error'), { code: 'EIO' });
  };
  const { make, upload, ask } = await openImages(t, {
    change: (bytes) => ({ ...bytes, open: async () => Readable.from(broken()) }),
  });
  const id = await make();
  await upload(id, Buffer.alloc(1024 * 1024));
  await assert.rejects(ask('GET', `/v2/images/${id}/file`), /terminated|aborted|other side closed/);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'active');
});

test('the quota of bytes applies with and without a content length', async (t) => {
  const { ask, make, upload, images, base } = await openImages(t);
  Object.assign(images.config, { storageGb: 2 ** -10 }); // 1 MiB
  assert.equal((await upload(await make(), Buffer.alloc(1024 * 1024 - 10))).status, 204);
  const id = await make();
  assert.equal((await upload(id, Buffer.alloc(11))).status, 413);
  const unsaid = await new Promise<number>((resolve) => {
    const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
    const request = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers });
    request.on('response', (answer) => resolve(answer.statusCode ?? 0)).write(Buffer.alloc(11));
    request.end();
  });
  assert.equal(unsaid, 413);
  assert.equal((await upload(id, Buffer.alloc(10))).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'active');
});

test('an aborted upload leaves the image queued and no data', async (t) => {
  const { ask, make, files, base } = await openImages(t);
  const id = await make();
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '9999999', 'x-project': 'mine' };
  const upload = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers }).on('error', () => {});
  upload.write(Buffer.alloc(2 * 1024 * 1024));
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'saving') await sleep(5);
  upload.destroy();
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'queued') await sleep(5);
  assert.deepEqual(files(), []);
});

test('staged data is kept until its import, and is deleted with its image', async (t) => {
  const { ask, make, files } = await openImages(t);
  const [id, other] = [await make(), await make()];
  const input = { body: { method: { name: 'glance-direct' } } };
  assert.equal((await ask('POST', `/v2/images/${id}/import`, input)).status, 409);
  for (const each of [id, other])
    assert.equal((await ask('PUT', `/v2/images/${each}/stage`, { body: Buffer.from('bytes') })).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'uploading');
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 204);
  assert.equal((await ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'magic' } } })).status, 400);
  assert.equal((await ask('POST', `/v2/images/${id}/import`, input)).status, 202);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).raw.toString(), 'bytes');
  assert.equal((await ask('POST', `/v2/images/${id}/import`, input)).status, 409);
  const { tasks } = (await ask('GET', `/v2/images/${id}/tasks`)).body as unknown as { tasks: { status: string }[] };
  assert.deepEqual(
    tasks.map(({ status }) => status),
    ['success'],
  );
  assert.equal((await ask('DELETE', `/v2/images/${other}`)).status, 204);
  assert.equal(files().length, 1);
});

test('OSSA-2015-004, OSSA-2015-013: an image deleted at any step of its import leaves no data', async (t) => {
  const { ask, make, files, images, base } = await openImages(t);
  const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
  const stage = async (id: string) => {
    assert.equal((await ask('PUT', `/v2/images/${id}/stage`, { body: Buffer.from('bytes') })).status, 204);
  };
  const importIt = (id: string) =>
    ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } });
  const steps: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    'before its upload': async () => {},
    'when it is staged': stage,
    'during the import': async (id) => {
      await stage(id);
      void importIt(id).catch(() => {});
    },
    'when it is active': async (id) => {
      await stage(id);
      await importIt(id);
    },
    'during the upload': async (id) => {
      const upload = http.request(`${base}/v2/images/${id}/stage`, { method: 'PUT', headers }).on('error', () => {});
      upload.write(Buffer.alloc(2 * 1024 * 1024));
      while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'uploading') await sleep(5);
      setImmediate(() => upload.end());
    },
    'after an aborted upload': async (id) => {
      const upload = http.request(`${base}/v2/images/${id}/stage`, { method: 'PUT', headers }).on('error', () => {});
      upload.write(Buffer.alloc(2 * 1024 * 1024));
      while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'uploading') await sleep(5);
      upload.destroy();
    },
  };
  const sweep = openSweep(images);
  for (const [when, step] of Object.entries(steps)) {
    const id = await make();
    await step(id);
    assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204, when);
    while (files().length > 0) await Promise.all([sleep(5), sweep()]);
    assert.equal((await ask('GET', `/v2/images/${id}`)).status, 404, when);
  }
});

test('an image deleted during its upload leaves no data, and the upload gets 410', async (t) => {
  const { ask, make, files, base } = await openImages(t);
  const id = await make();
  const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
  const upload = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers });
  const answered = new Promise<number>((resolve) => upload.on('response', (answer) => resolve(answer.statusCode ?? 0)));
  upload.write(Buffer.alloc(2 * 1024 * 1024));
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'saving') await sleep(5);
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  upload.end();
  assert.equal(await answered, 410);
  assert.deepEqual(files(), []);
});

test('K28: after a crash the sweep ends the upload and removes its partial data, and nothing else', async (t) => {
  const { ask, make, upload, files, images, db, dir } = await openImages(t);
  const [kept, died] = [await make(), await make()];
  await upload(kept, Buffer.from('bytes'));
  const uploadId = randomUUID();
  await db('images')
    .where({ id: died })
    .update({ status: 'saving', uploadId, uploadUntil: Date.now() - 1 });
  writeFileSync(join(dir, `${died}.${uploadId}.part`), 'half');
  await (await images.stores.get('file').begin(`${randomUUID()}.${randomUUID()}`)).publish();
  assert.equal(files().length, 3);
  const noLease = { ...images, config: { ...images.config, leaseMs: 0 } };
  await openSweep(noLease)();
  assert.equal(files().length, 1);
  assert.equal((await ask('GET', `/v2/images/${died}`)).body.status, 'queued');
  assert.equal((await ask('GET', `/v2/images/${kept}/file`)).raw.toString(), 'bytes');
  assert.equal((await upload(died, Buffer.from('again'))).status, 204);
});

test('K28: the lease of an upload ends by the time that a process has watched it, not by the wall clock', async (t) => {
  const { ask, make, images, db } = await openImages(t);
  const id = await make();
  await db('images').where({ id }).update({ status: 'saving', uploadId: randomUUID(), uploadUntil: 1 });
  const sweep = openSweep({ ...images, config: { ...images.config, leaseMs: 50 } });
  const statusOf = async () => (await ask('GET', `/v2/images/${id}`)).body.status;
  await sweep();
  assert.equal(await statusOf(), 'saving');
  for (let since = performance.now(); performance.now() - since < 100; await sleep(5)) {
    await db('images').where({ id }).increment('uploadUntil', 1); // renewed
    await sweep();
  }
  assert.equal(await statusOf(), 'saving');
  while ((await statusOf()) === 'saving') await Promise.all([sleep(5), sweep()]);
  assert.equal(await statusOf(), 'queued');
});
