/** Quotas of a project, under concurrent uploads, uploads without a length, and deletes during uploads. */
import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#shared/auth/caller.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { openImages } from '../../../test/fakes/image-api.ts';
import { getImage } from '../images/store.ts';
import { usedBytes } from '../quotas/store.ts';
import { uploadImage } from './upload.ts';

const MiB = 2 ** 20;
type Endpoint = Awaited<ReturnType<typeof openImages>>;

/** Starts an upload whose body the test writes; without a length unless `more` has one. */
function openUpload({ base }: Endpoint, path: string, more: Record<string, string> = {}) {
  const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine', ...more };
  const request = http.request(`${base}/v2/images/${path}`, { method: 'PUT', headers }).on('error', () => {});
  const status = new Promise<number>((resolve) => {
    request.on('response', (answer) => resolve(answer.resume().statusCode ?? 0));
    request.on('close', () => resolve(0));
  });
  request.flushHeaders();
  return { request, status };
}

const untilUploading = async ({ ask }: Endpoint, id: string) => {
  while ((await ask('GET', `/v2/images/${id}`)).body.status === 'queued') await sleep(2);
};
const statusOf = async ({ ask }: Endpoint, id: string) => (await ask('GET', `/v2/images/${id}`)).body.status;

test('OSSA-2014-028: the maximum size applies to every kind of upload, and no data is left', async (t) => {
  const endpoint = await openImages(t);
  Object.assign(endpoint.images.config, { largestGb: 2 ** -10 });
  const uploads: [string, Record<string, string>][] = [
    ['file', {}],
    ['file', { 'x-openstack-image-size': '10' }],
    ['stage', {}],
  ];
  for (const [path, headers] of uploads) {
    const id = await endpoint.make();
    const { request, status } = openUpload(endpoint, `${id}/${path}`, headers);
    request.end(Buffer.alloc(MiB + 1));
    assert.equal(await status, 413, `${path} ${JSON.stringify(headers)}`);
    assert.equal(await statusOf(endpoint, id), 'queued');
  }
  assert.equal((await endpoint.upload(await endpoint.make(), Buffer.alloc(MiB + 1))).status, 413);
  assert.deepEqual(endpoint.files(), []);
});

test('concurrent uploads share the quota of their project and never exceed it together', async (t) => {
  const endpoint = await openImages(t);
  Object.assign(endpoint.images.config, { storageGb: 10 / 1024 });
  const ids = await Promise.all(Array.from({ length: 8 }, () => endpoint.make()));
  const statuses = await Promise.all(
    ids.map((id, n) => {
      const announced: Record<string, string> = n % 2 ? { 'content-length': String(3 * MiB) } : {};
      const { request, status } = openUpload(endpoint, `${id}/file`, announced);
      request.end(Buffer.alloc(3 * MiB));
      return status;
    }),
  );
  assert.ok(
    statuses.every((status) => status === 204 || status === 413),
    statuses.join(),
  );
  const kept = statuses.filter((status) => status === 204).length;
  assert.ok(kept * 3 * MiB <= 10 * MiB, `${kept} were kept`);
  // What a refused upload had reserved is released after its answer.
  while ((await usedBytes(endpoint.db, 'mine')) > 10 * MiB) await sleep(5);
  assert.equal(endpoint.files().length, kept);
  for (const id of ids)
    if ((await statusOf(endpoint, id)) === 'queued') await endpoint.upload(id, Buffer.alloc(3 * MiB)); // a refused upload can be repeated
  assert.equal(await usedBytes(endpoint.db, 'mine'), 9 * MiB);
});

test('OSSA-2015-003: an image deleted during its upload counts until the upload ends, and no more is written', async (t) => {
  const endpoint = await openImages(t);
  Object.assign(endpoint.images.config, { storageGb: 20 / 1024 });
  for (let round = 0; round < 5; round += 1) {
    const id = await endpoint.make();
    const { request, status } = openUpload(endpoint, `${id}/file`);
    request.write(Buffer.alloc(MiB + 1));
    await untilUploading(endpoint, id);
    assert.equal((await endpoint.ask('DELETE', `/v2/images/${id}`)).status, 204);
    request.end(Buffer.alloc(17 * MiB));
    assert.ok([410, 413].includes(await status));
    assert.deepEqual(endpoint.files(), []);
    assert.equal(await usedBytes(endpoint.db, 'mine'), 0);
  }
});

test('uploads that announce the whole disk and send nothing do not block others', async (t) => {
  const endpoint = await openImages(t);
  const { bavail, bsize } = statfsSync(endpoint.dir);
  const slow = await Promise.all([1, 2, 3].map(() => endpoint.make()));
  const length = String(Math.min(bavail * bsize - 2 ** 30, 1000 * 2 ** 30));
  const uploads = slow.map((id) => openUpload(endpoint, `${id}/file`, { 'content-length': length }));
  for (const id of slow) await untilUploading(endpoint, id);
  assert.equal((await endpoint.upload(await endpoint.make(), Buffer.alloc(4 * MiB))).status, 204);
  for (const { request } of uploads) request.destroy();
  for (const id of slow) while ((await statusOf(endpoint, id)) !== 'queued') await sleep(2);
});

test('an aborted upload releases its quota', async (t) => {
  const endpoint = await openImages(t);
  Object.assign(endpoint.images.config, { storageGb: 20 / 1024 });
  const id = await endpoint.make();
  const { request } = openUpload(endpoint, `${id}/file`);
  request.write(Buffer.alloc(2 * MiB));
  while ((await usedBytes(endpoint.db, 'mine')) === 0) await sleep(2);
  request.destroy();
  while ((await statusOf(endpoint, id)) !== 'queued') await sleep(2);
  assert.equal(await usedBytes(endpoint.db, 'mine'), 0);
});

test('OSSN-0057: the number of images of a project is limited, with data or without, also under concurrent creates', async (t) => {
  const { ask, make, images } = await openImages(t);
  Object.assign(images.config, { imageCount: 5 });
  const asked = await Promise.all(Array.from({ length: 12 }, () => ask('POST', '/v2/images', { body: {} })));
  assert.equal(asked.filter(({ status }) => status === 201).length, 5);
  const refused = asked.filter(({ status }) => status === 413);
  assert.equal(refused.length, 7);
  assert.match(refused[0]?.body.message ?? '', /over a limit for \[Resource image_count_total is over limit of 5/);
  assert.equal((await ask('POST', '/v2/images', { project: 'other', body: {} })).status, 201);
  const [one] = (await ask('GET', '/v2/images')).body.images;
  await ask('DELETE', `/v2/images/${one?.id}`);
  await make();
});

test('the number of concurrent uploads of a project is limited', async (t) => {
  const endpoint = await openImages(t);
  Object.assign(endpoint.images.config, { uploadCount: 2 });
  const ids = await Promise.all([1, 2, 3].map(() => endpoint.make()));
  const [one, two] = ids.slice(0, 2).map((id) => openUpload(endpoint, `${id}/file`));
  for (const [n, upload] of [one, two].entries()) {
    upload?.request.write('a');
    await untilUploading(endpoint, ids[n] ?? '');
  }
  const refused = await endpoint.upload(ids[2] ?? '', Buffer.from('b'));
  assert.deepEqual([refused.status, /image_count_uploading/.test(refused.body.message)], [413, true]);
  one?.request.end();
  assert.equal(await one?.status, 204);
  assert.equal((await endpoint.upload(ids[2] ?? '', Buffer.from('b'))).status, 204);
  two?.request.end();
  await two?.status;
});

test('an upload is refused when the formats of its image changed since it was read', async (t) => {
  const { ask, make, images } = await openImages(t);
  const id = await make();
  const caller = { projectId: 'mine', policy: everythingAllowed } as unknown as Caller;
  const seen = await getImage(images.db, caller, id);
  const patch = [{ op: 'replace', path: '/disk_format', value: 'vmdk' }];
  const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' };
  assert.equal((await ask('PATCH', `/v2/images/${id}`, { body: patch, headers })).status, 200);
  await assert.rejects(uploadImage(images, seen, Readable.from([Buffer.from('raw')]), undefined), { status: 409 });
});
