/** One process per role: each is killed in the middle of work, the broker dies and freezes, and all of it ends well. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#shared/clients/session.ts';
import { findRunning } from '../../deploy/processes/pid-file.ts';
import { parts } from '../../deploy/roles.ts';
import { adminOf, createServer, perhaps, showServer } from './story/api.ts';
import { pipClient, type StoryCloud, startStoryCloud, until } from './story/cloud.ts';
import { brokerOf, killNow, wattleOf } from './story/processes.ts';
import { finalTracesOf, returnsTo } from './story/traces.ts';

/** Frozen for longer than a host may take to answer. */
const [answerMs, frozenMs] = [20_000, 25_000];

test('a cloud of many processes goes on when one of them dies, or the broker is away', async (t) => {
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
  const before = await finalTracesOf(cloud);
  for (const role of parts)
    await t.test(`K63: ${role} is killed in the middle of making and of deleting`, async () => {
      const made = await work.begin();
      await killNow(wattleOf(cloud, role));
      await work.isThere(made);
      await isBack(cloud, role);
      await work.remove(made);
      await killNow(wattleOf(cloud, role));
      await work.isGone(made);
      await isBack(cloud, role);
    });

  await t.test('B02: the broker is killed', async () => {
    const [broker] = brokerOf(cloud);
    await killNow(broker as number);
    const made = await work.begin();
    await work.isThere(made);
    await until('the broker is back', async () => brokerOf(cloud).length === 1 && brokerOf(cloud)[0] !== broker);
    await work.remove(made);
    await work.isGone(made);
  });

  await t.test('P04: the broker is frozen for longer than a host may take', async (t) => {
    const [broker] = brokerOf(cloud);
    t.after(() => process.kill(broker as number, 'SIGCONT'));
    process.kill(broker as number, 'SIGSTOP');
    const made = await work.begin();
    for (const thawAt = Date.now() + frozenMs; Date.now() < thawAt; await sleep(500))
      assert.deepEqual(await work.statuses(made), ['BUILD', 'creating']);
    process.kill(broker as number, 'SIGCONT');
    await work.isThere(made);
    await work.remove(made);
    await work.isGone(made);
  });

  await t.test('nothing is left of any of it', () => returnsTo(cloud, before));
});

/** The supervisor started it again. */
const isBack = (cloud: StoryCloud, role: string) =>
  until(`${role} is back`, async () => findRunning(join(cloud.folder, 'var/run', `${role}.pid`))?.ready);

interface Made {
  readonly server: string;
  readonly volume: string;
  readonly object: string;
}

/** What a server is made of, and a container. */
async function furnish(admin: Session) {
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

/** A server, a volume and an object at once, over the APIs. */
async function openWork(cloud: StoryCloud) {
  const admin = adminOf(cloud);
  const web = await furnish(admin);
  const objectStatus = async (object: string, method: string) =>
    (await perhaps(admin.raw('object-store', object, { method })))?.status;
  const volumeStatus = async (id: string) =>
    (await admin.json<{ volume: { status: string } }>('volumev3', `/volumes/${id}`)).volume.status;
  const isMissing = (asked: Promise<unknown>) =>
    asked.then(
      () => false,
      (error: { status?: number }) => error.status === 404,
    );

  let count = 0;
  const begin = async (): Promise<Made> => {
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
  const statuses = async ({ server, volume }: Made) => [
    (await showServer(admin, server)).status,
    await volumeStatus(volume),
  ];
  const isThere = async (made: Made) => {
    await until('the server is ACTIVE and the volume available', async () => {
      const now = await perhaps(statuses(made));
      assert.ok(!/error/i.test(String(now)), `server and volume: ${now}`);
      return String(now) === 'ACTIVE,available';
    });
    await until('the object is read', async () => (await objectStatus(made.object, 'GET')) === 200);
  };
  const remove = async ({ server, volume, object }: Made) => {
    await until('the object is deleted', async () => [204, 404].includes((await objectStatus(object, 'DELETE')) ?? 0));
    await admin.json('compute', `/servers/${server}`, { method: 'DELETE' });
    await admin.json('volumev3', `/volumes/${volume}`, { method: 'DELETE' });
  };
  const isGone = async ({ server, volume, object }: Made) => {
    await until('the server is gone', () => isMissing(showServer(admin, server)));
    await until('the volume is gone', () => isMissing(volumeStatus(volume)));
    await until('the object is gone', async () => (await objectStatus(object, 'HEAD')) === 404);
  };
  return { begin, statuses, isThere, remove, isGone };
}
