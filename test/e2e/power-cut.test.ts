/** Wattle and its guests are killed; what was under way ends, what was on comes back. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { act, adminOf, createServer, perhaps, showServer } from './story/api.ts';
import { pipClient, startStoryCloud, until } from './story/cloud.ts';
import { guestsOf, killNow, wattleOf } from './story/processes.ts';

test('K62, K64, W03, W04: a cloud that is killed goes on where it stood', async (t) => {
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
  const is = (id: string, status: string) =>
    until(`server ${id} is ${status}`, async () => (await perhaps(showServer(admin, id)))?.status === status);
  const web = { name: 'web', imageRef: images[0]?.id, networks };

  const [on, off] = [await createServer(admin, web), await createServer(admin, { ...web, name: 'off' })];
  await t.test('killed in the middle of two builds, both are finished', async () => {
    await killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(on, 'ACTIVE');
    await is(off, 'ACTIVE');
    assert.equal(guestsOf(cloud).length, 2);
  });

  await t.test('killed while nothing is under way, guests never notice', async () => {
    const before = guestsOf(cloud);
    await killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(on, 'ACTIVE');
    assert.deepEqual(guestsOf(cloud), before);
  });

  await t.test('killed in the middle of a stop, it is stopped', async () => {
    await act(admin, off, { 'os-stop': null });
    await killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(off, 'SHUTOFF');
    assert.equal(guestsOf(cloud).length, 1);
  });

  await t.test('after a power cut the server that was on is on, and the other is off', async () => {
    await killNow(wattleOf(cloud), ...guestsOf(cloud));
    await cloud.wattle('start');
    await until('the guest runs again', async () => guestsOf(cloud).length === 1);
    await is(on, 'ACTIVE');
    await is(off, 'SHUTOFF');
  });

  const kill = async () => {
    await killNow(wattleOf(cloud));
    await cloud.wattle('start');
  };
  const volumeOf = async (id: string) =>
    (await perhaps(admin.json<{ volume: { status: string } }>('volumev3', `/volumes/${id}`)))?.volume.status;
  const volume = (
    await admin.json<{ volume: { id: string } }>('volumev3', '/volumes', {
      method: 'POST',
      body: { volume: { size: 1 } },
    })
  ).volume.id;
  const volumeIs = (status: string) =>
    until(`the volume is ${status}`, async () => (await volumeOf(volume)) === status);

  await t.test('killed in the middle of an attach and of a detach, both are done', async () => {
    await volumeIs('available');
    await admin.json('compute', `/servers/${on}/os-volume_attachments`, {
      method: 'POST',
      body: { volumeAttachment: { volumeId: volume } },
    });
    await kill();
    await volumeIs('in-use');
    await is(on, 'ACTIVE');
    await admin.json('compute', `/servers/${on}/os-volume_attachments/${volume}`, { method: 'DELETE' });
    await kill();
    await volumeIs('available');
  });

  await t.test('killed in the middle of a snapshot of a volume and of a server, both are there', async () => {
    const made = await admin.json<{ snapshot: { id: string } }>('volumev3', '/snapshots', {
      method: 'POST',
      body: { snapshot: { volume_id: volume } },
    });
    await act(admin, on, { createImage: { name: 'copy' } });
    await kill();
    await until('the snapshot is available', async () => {
      const path = `/snapshots/${made.snapshot.id}`;
      const found = await perhaps(admin.json<{ snapshot: { status: string } }>('volumev3', path));
      return found?.snapshot.status === 'available';
    });
    await until('the image is active', async () => {
      const found = await perhaps(admin.json<{ images: { status: string }[] }>('image', '/v2/images?name=copy'));
      return found?.images[0]?.status === 'active';
    });
    await admin.json('volumev3', `/snapshots/${made.snapshot.id}`, { method: 'DELETE' });
    await kill();
    await until('the snapshot is gone', async () => {
      const found = await perhaps(admin.json<{ snapshots: unknown[] }>('volumev3', '/snapshots'));
      return found?.snapshots.length === 0;
    });
    await admin.json('volumev3', `/volumes/${volume}`, { method: 'DELETE' });
    await kill();
    await until('the volume is gone', async () => {
      const found = await perhaps(admin.json<{ volumes: unknown[] }>('volumev3', '/volumes'));
      return found?.volumes.length === 0;
    });
  });

  await t.test('killed in the middle of deletes, they are gone with all they had', async () => {
    for (const id of [on, off]) await admin.json('compute', `/servers/${id}`, { method: 'DELETE' });
    await killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await until(
      'no server is left',
      async () => (await perhaps(admin.json<{ servers: unknown[] }>('compute', '/servers')))?.servers.length === 0,
    );
    await until('no guest is left', async () => guestsOf(cloud).length === 0);
    const { ports } = await admin.json<{ ports: { device_owner: string }[] }>('network', '/v2.0/ports');
    assert.deepEqual(
      ports.filter(({ device_owner }) => device_owner.startsWith('compute:')),
      [],
    );
  });
});
