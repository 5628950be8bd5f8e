import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hidden } from '../../../test/fakes/compute-clients.ts';
import { imageId, networkId, startCloud } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('OSSA-2014-011: until 2.35 images and networks are shown as visible to the caller in their own services', async (t) => {
  const cloud = await startCloud(t);
  const theirs = 'aaaaaaaa-1111-4000-8000-000000000001';
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  cloud.images.all.set(theirs, { ...image, id: theirs });
  hidden.add(theirs);
  t.after(() => hidden.delete(theirs));
  const ask = (path: string, version = '2.1') => cloud.ask('GET', `/v2.1${path}`, { version, role: 'reader' });
  const [shown] = (await ask('/images/detail')).body.images;
  assert.deepEqual(
    [shown.id, shown.status, shown.minDisk, shown.metadata],
    [imageId, 'ACTIVE', 0, { os_distro: 'tiny' }],
  );
  assert.equal((await ask('/images')).body.images.length, 1);
  const count = async (query: string) => (await ask(`/images?${query}`)).body.images.length;
  assert.equal(await count('status=ACTIVE'), 1);
  assert.equal(await count('status=SAVING'), 0);
  assert.equal(await count('name=another'), 0);
  assert.equal(await count('type=snapshot'), 0);
  cloud.images.all.set(imageId, { ...image, image_type: 'snapshot', instance_uuid: theirs });
  assert.equal(await count(`type=snapshot&server=http://cloud/servers/${theirs}`), 1);
  cloud.images.all.set(imageId, image);
  assert.equal((await ask(`/images/${imageId}`)).body.image.id, imageId);
  assert.equal((await ask(`/images/${theirs}`)).status, 404);
  assert.deepEqual(
    (await ask('/os-networks')).body.networks.map(({ label }: { label: string }) => label),
    ['blue'],
  );
  assert.equal((await ask(`/os-networks/${networkId}`)).body.network.id, networkId);
  for (const path of ['/images', '/images/detail', '/os-networks']) assert.equal((await ask(path, '2.36')).status, 404);
  const remove = (id: string) => cloud.ask('DELETE', `/v2.1/images/${id}`, { version: '2.1' });
  assert.equal((await remove(theirs)).status, 404);
  assert.equal((await remove(imageId)).status, 204);
  assert.equal((await ask(`/images/${imageId}`)).status, 404);
});
