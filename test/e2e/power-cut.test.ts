/** Wattle and its guests are killed; what was under way ends, what was on comes back. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { act, adminOf, createServer, perhaps, showServer } from './story/api.ts';
import { pipClient, startStoryCloud, until } from './story/cloud.ts';
import { guestsOf, killNow, wattleOf } from './story/processes.ts';

test('a cloud that is killed goes on where it stood', async (t) => {
  const cloud = await startStoryCloud(t, { number: 43, split: false, client: pipClient() });
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
    killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(on, 'ACTIVE');
    await is(off, 'ACTIVE');
    assert.equal(guestsOf(cloud).length, 2);
  });

  await t.test('killed while nothing is under way, guests never notice', async () => {
    const before = guestsOf(cloud);
    killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(on, 'ACTIVE');
    assert.deepEqual(guestsOf(cloud), before);
  });

  await t.test('killed in the middle of a stop, it is stopped', async () => {
    await act(admin, off, { 'os-stop': null });
    killNow(wattleOf(cloud));
    await cloud.wattle('start');
    await is(off, 'SHUTOFF');
    assert.equal(guestsOf(cloud).length, 1);
  });

  await t.test('after a power cut the server that was on is on, and the other is off', async () => {
    killNow(wattleOf(cloud), ...guestsOf(cloud));
    await cloud.wattle('start');
    await until('the guest runs again', async () => guestsOf(cloud).length === 1);
    await is(on, 'ACTIVE');
    await is(off, 'SHUTOFF');
  });

  await t.test('killed in the middle of deletes, they are gone with all they had', async () => {
    for (const id of [on, off]) await admin.json('compute', `/servers/${id}`, { method: 'DELETE' });
    killNow(wattleOf(cloud));
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
