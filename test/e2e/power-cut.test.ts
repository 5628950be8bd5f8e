/** Wattle and its guests are killed; operations in progress complete, and guests that were running are started again. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminOf, createServer, orUndefined, postAction, showServer } from './story/api.ts';
import { pipClient, startStoryCloud, until } from './story/cloud.ts';
import { guestsOf, killNow, rolePid } from './story/processes.ts';

test('K62, K64, W03, W04: a cloud that is killed resumes its operations after a restart', async (t) => {
  const cloud = await startStoryCloud(t, { split: false, client: pipClient() });
  const admin = adminOf(cloud);
  const file = join(cloud.folder, 'guest.qcow2');
  copyFileSync(process.env.WATTLE_TEST_GUEST ?? '', file);
  await cloud.os('image', 'create', '--disk-format', 'qcow2', '--container-format', 'bare', '--file', file, 'guest');
  const { images } = await admin.json<{ images: { id: string }[] }>('image', '/v2/images');
  const network = await admin.json<{ network: { id: string } }>('network', '/v2.0/networks', {
    method: 'POST',
    body: { network: { name: 'blue' } },
  });
  const networks = [{ uuid: network.network.id }];
  await admin.json('network', '/v2.0/subnets', {
    method: 'POST',
    body: { subnet: { network_id: network.network.id, ip_version: 4, cidr: '10.9.0.0/24' } },
  });
  const waitFor = (id: string, status: string) =>
    until(`server ${id} is ${status}`, async () => (await orUndefined(showServer(admin, id)))?.status === status);
  const web = { name: 'web', imageRef: images[0]?.id, networks };

  const [on, off] = [await createServer(admin, web), await createServer(admin, { ...web, name: 'off' })];
  await t.test('killed during two builds: both complete', async () => {
    await killNow(rolePid(cloud));
    await cloud.wattle('start');
    await waitFor(on, 'ACTIVE');
    await waitFor(off, 'ACTIVE');
    assert.equal(guestsOf(cloud).length, 2);
  });

  await t.test('killed while idle: guests keep running', async () => {
    const before = guestsOf(cloud);
    await killNow(rolePid(cloud));
    await cloud.wattle('start');
    await waitFor(on, 'ACTIVE');
    assert.deepEqual(guestsOf(cloud), before);
  });

  await t.test('killed during a stop: the server is stopped', async () => {
    await postAction(admin, off, { 'os-stop': null });
    await killNow(rolePid(cloud));
    await cloud.wattle('start');
    await waitFor(off, 'SHUTOFF');
    assert.equal(guestsOf(cloud).length, 1);
  });

  await t.test('after a power failure the running server is started again, the stopped one stays off', async () => {
    await killNow(rolePid(cloud), ...guestsOf(cloud));
    await cloud.wattle('start');
    await until('the guest runs again', async () => guestsOf(cloud).length === 1);
    await waitFor(on, 'ACTIVE');
    await waitFor(off, 'SHUTOFF');
  });

  const killAndRestart = async () => {
    await killNow(rolePid(cloud));
    await cloud.wattle('start');
  };
  const volumeOf = async (id: string) =>
    (await orUndefined(admin.json<{ volume: { status: string } }>('volumev3', `/volumes/${id}`)))?.volume.status;
  const volume = (
    await admin.json<{ volume: { id: string } }>('volumev3', '/volumes', {
      method: 'POST',
      body: { volume: { size: 1 } },
    })
  ).volume.id;
  const volumeIs = (status: string) =>
    until(`the volume is ${status}`, async () => (await volumeOf(volume)) === status);

  await t.test('killed during an attach and during a detach: both complete', async () => {
    await volumeIs('available');
    await admin.json('compute', `/servers/${on}/os-volume_attachments`, {
      method: 'POST',
      body: { volumeAttachment: { volumeId: volume } },
    });
    await killAndRestart();
    await volumeIs('in-use');
    await waitFor(on, 'ACTIVE');
    await admin.json('compute', `/servers/${on}/os-volume_attachments/${volume}`, { method: 'DELETE' });
    await killAndRestart();
    await volumeIs('available');
  });

  await t.test('killed during snapshots of a volume and of a server: both complete', async () => {
    const created = await admin.json<{ snapshot: { id: string } }>('volumev3', '/snapshots', {
      method: 'POST',
      body: { snapshot: { volume_id: volume } },
    });
    await postAction(admin, on, { createImage: { name: 'copy' } });
    await killAndRestart();
    await until('the snapshot is available', async () => {
      const path = `/snapshots/${created.snapshot.id}`;
      const found = await orUndefined(admin.json<{ snapshot: { status: string } }>('volumev3', path));
      return found?.snapshot.status === 'available';
    });
    await until('the image is active', async () => {
      const found = await orUndefined(admin.json<{ images: { status: string }[] }>('image', '/v2/images?name=copy'));
      return found?.images[0]?.status === 'active';
    });
    await admin.json('volumev3', `/snapshots/${created.snapshot.id}`, { method: 'DELETE' });
    await killAndRestart();
    await until('the snapshot is gone', async () => {
      const found = await orUndefined(admin.json<{ snapshots: unknown[] }>('volumev3', '/snapshots'));
      return found?.snapshots.length === 0;
    });
    await admin.json('volumev3', `/volumes/${volume}`, { method: 'DELETE' });
    await killAndRestart();
    await until('the volume is gone', async () => {
      const found = await orUndefined(admin.json<{ volumes: unknown[] }>('volumev3', '/volumes'));
      return found?.volumes.length === 0;
    });
  });

  await t.test('killed during deletes: servers, guests and ports are removed', async () => {
    for (const id of [on, off]) await admin.json('compute', `/servers/${id}`, { method: 'DELETE' });
    await killNow(rolePid(cloud));
    await cloud.wattle('start');
    await until(
      'no server is left',
      async () => (await orUndefined(admin.json<{ servers: unknown[] }>('compute', '/servers')))?.servers.length === 0,
    );
    await until('no guest is left', async () => guestsOf(cloud).length === 0);
    const { ports } = await admin.json<{ ports: { device_owner: string }[] }>('network', '/v2.0/ports');
    assert.deepEqual(
      ports.filter(({ device_owner }) => device_owner.startsWith('compute:')),
      [],
    );
  });
});
