/** Split layout: each role is killed during work, the broker is killed and frozen, and all work completes. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#shared/clients/session.ts';
import { findRunning } from '../../deploy/processes/pid-file.ts';
import { parts } from '../../deploy/roles.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import { adminOf, createServer, orUndefined, showServer } from './story/api.ts';
import { pipClient, type StoryCloud, startStoryCloud, until } from './story/cloud.ts';
import { brokerOf, killNow, rolePid } from './story/processes.ts';
import { idleTracesOf, waitForTraces } from './story/traces.ts';

/** The broker is frozen for longer than the timeout of host operations. */
const [answerMs, frozenMs] = [20_000, 25_000];

test('a split cloud completes its work when a process ends or the broker is unavailable', async (t) => {
  const cloud = await startStoryCloud(t, {
    split: true,
    client: pipClient(),
    env: {
      WATTLE_COMPUTE_AGENT__DRIVER: 'fake',
      WATTLE_NETWORK_AGENT__DRIVER: 'fake',
      WATTLE_COMPUTE__PORT_MS: String(answerMs),
      WATTLE_COMPUTE__ANSWER_MS: String(answerMs),
      WATTLE_VOLUME__ANSWER_MS: String(answerMs),
    },
  });
  const work = await openWork(cloud);
  const before = await idleTracesOf(cloud);
  for (const role of parts)
    await t.test(`K63: ${role} is killed during creates and during deletes`, async () => {
      const created = await work.create();
      await killNow(rolePid(cloud, role));
      await work.waitUntilReady(created);
      await waitForRole(cloud, role);
      await work.remove(created);
      await killNow(rolePid(cloud, role));
      await work.waitUntilGone(created);
      await waitForRole(cloud, role);
    });

  await t.test('B02: the broker is killed', async () => {
    const [broker] = brokerOf(cloud);
    await killNow(broker as number);
    const created = await work.create();
    await work.waitUntilReady(created);
    await until('the broker runs again', async () => brokerOf(cloud).length === 1 && brokerOf(cloud)[0] !== broker);
    await work.remove(created);
    await work.waitUntilGone(created);
  });

  await t.test('P04: the broker is frozen for longer than the timeout of host operations', async (t) => {
    const [broker] = brokerOf(cloud);
    t.after(() => sendSignal(broker, 'SIGCONT'));
    sendSignal(broker, 'SIGSTOP');
    const created = await work.create();
    for (const thawAt = Date.now() + frozenMs; Date.now() < thawAt; await sleep(500))
      assert.deepEqual(await work.statuses(created), ['BUILD', 'creating']);
    sendSignal(broker, 'SIGCONT');
    await work.waitUntilReady(created);
    await work.remove(created);
    await work.waitUntilGone(created);
  });

  await t.test('nothing is left behind', () => waitForTraces(cloud, before));
});

/** Waits until the supervisor has restarted the role. */
const waitForRole = (cloud: StoryCloud, role: string) =>
  until(`${role} is ready again`, async () => findRunning(join(cloud.folder, 'var/run', `${role}.pid`))?.ready);

interface Created {
  readonly server: string;
  readonly volume: string;
  readonly object: string;
}

/** Creates what the work needs: image, network, subnet, container. Returns the body of a server. */
async function createPrerequisites(admin: Session) {
  const image = await admin.json<{ id: string }>('image', '/v2/images', {
    method: 'POST',
    body: { name: 'blank', disk_format: 'raw', container_format: 'bare' },
  });
  const bytes = { 'content-type': 'application/octet-stream' };
  const upload = { method: 'PUT', body: Buffer.alloc(4096), headers: bytes } as const;
  assert.equal((await admin.raw('image', `/v2/images/${image.id}/file`, upload)).status, 204);
  const { network } = await admin.json<{ network: { id: string } }>('network', '/v2.0/networks', {
    method: 'POST',
    body: { network: { name: 'blue' } },
  });
  await admin.json('network', '/v2.0/subnets', {
    method: 'POST',
    body: { subnet: { network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24' } },
  });
  await admin.raw('object-store', '/docs', { method: 'PUT' });
  return { name: 'web', imageRef: image.id, networks: [{ uuid: network.id }] };
}

/** Creates, checks and deletes a server, a volume and an object, over the APIs. */
async function openWork(cloud: StoryCloud) {
  const admin = adminOf(cloud);
  const web = await createPrerequisites(admin);
  const objectStatus = async (object: string, method: string) =>
    (await orUndefined(admin.raw('object-store', object, { method })))?.status;
  const volumeStatus = async (id: string) =>
    (await admin.json<{ volume: { status: string } }>('volumev3', `/volumes/${id}`)).volume.status;
  const isMissing = (call: Promise<unknown>) =>
    call.then(
      () => false,
      (error: { status?: number }) => error.status === 404,
    );

  let count = 0;
  const create = async (): Promise<Created> => {
    count += 1;
    const object = `/docs/letter-${count}`;
    const server = await createServer(admin, web);
    const { volume } = await admin.json<{ volume: { id: string } }>('volumev3', '/volumes', {
      method: 'POST',
      body: { volume: { size: 1 } },
    });
    const put = await admin.raw('object-store', object, { method: 'PUT', body: Buffer.from('kept three times') });
    assert.equal(put.status, 201);
    return { server, volume: volume.id, object };
  };
  const statuses = async ({ server, volume }: Created) => [
    (await showServer(admin, server)).status,
    await volumeStatus(volume),
  ];
  const waitUntilReady = async (created: Created) => {
    await until('the server is ACTIVE and the volume available', async () => {
      const now = await orUndefined(statuses(created));
      assert.ok(!/error/i.test(String(now)), `server and volume: ${now}`);
      return String(now) === 'ACTIVE,available';
    });
    await until('the object is read', async () => (await objectStatus(created.object, 'GET')) === 200);
  };
  const remove = async ({ server, volume, object }: Created) => {
    await until('the object is deleted', async () => [204, 404].includes((await objectStatus(object, 'DELETE')) ?? 0));
    await admin.json('compute', `/servers/${server}`, { method: 'DELETE' });
    await admin.json('volumev3', `/volumes/${volume}`, { method: 'DELETE' });
  };
  const waitUntilGone = async ({ server, volume, object }: Created) => {
    await until('the server is gone', () => isMissing(showServer(admin, server)));
    await until('the volume is gone', () => isMissing(volumeStatus(volume)));
    await until('the object is gone', async () => (await objectStatus(object, 'HEAD')) === 404);
  };
  return { create, statuses, waitUntilReady, remove, waitUntilGone };
}
