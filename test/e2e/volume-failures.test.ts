/** Failures of volumes are reported with their reason and leave no data. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { startVolumes, until, waitForHosts } from './volume-cloud.ts';

test('a failed upload leaves no image, and a message with the reason', async (t) => {
  const cloud = await startVolumes(t);
  const uploadVolume = async () => {
    throw new Fault(507, 'insufficientStorage', 'the disk is full');
  };
  cloud.startHost({ uploadVolume });
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  await cloud.act(id, { 'os-volume_upload_image': { image_name: 'copy' } });
  assert.equal((await cloud.waitUntilStable(id)).status, 'available');
  assert.equal(cloud.images.images.size, 0);
  assert.match((await cloud.messages())[0].user_message, /the disk is full/);
});

test('a create refused by the host leaves the volume in error with the reason, and it can be deleted', async (t) => {
  const cloud = await startVolumes(t);
  const ensureVolume = async () => {
    throw new Fault(507, 'insufficientStorage', 'the disk is full, nothing was written');
  };
  cloud.startHost({ ensureVolume });
  await waitForHosts(cloud, 1);
  const { id, status } = await cloud.createAndWait();
  assert.equal(status, 'error');
  const [message] = await cloud.messages();
  assert.equal(message.resource_uuid, id);
  assert.match(message.user_message, /create volume:Host store1: the disk is full/);
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
});

test('without a matching pool the reason names each pool and what it lacks', async (t) => {
  const cloud = await startVolumes(t);
  assert.equal((await cloud.createAndWait()).status, 'error');
  assert.match((await cloud.messages())[0].user_message, /no storage host has reported yet/);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { status } = await cloud.createAndWait({ size: 500 });
  assert.equal(status, 'error');
  const userMessages = (await cloud.messages()).map(({ user_message }) => user_message).join();
  assert.match(userMessages, /store1@fake#fake has 100 GiB free of the 500 GiB needed/);
});

test('a host that is away: a create ends in error, a delete succeeds, and the clean-up runs when it returns', async (t) => {
  const cloud = await startVolumes(t, { answerMs: 300 });
  const host = cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id: old } = await cloud.createAndWait();
  await host.close();
  const { id, status } = await cloud.createAndWait();
  assert.equal(status, 'error');
  assert.match((await cloud.messages())[0].user_message, /did not answer/);
  for (const each of [id, old]) await cloud.ask('DELETE', `${cloud.at}/volumes/${each}`);
  for (const each of [id, old]) await cloud.isGone(`/volumes/${each}`);
  const returned = cloud.startHost();
  await until(async () => (await cloud.db('host_work').where({ outcome: null })).length === 0);
  assert.deepEqual((await returned.store.pools())[0]?.freeGb, 100);
});

test('a forced delete works during the creation', async (t) => {
  const cloud = await startVolumes(t);
  const slow = Promise.withResolvers<void>();
  let made = 0;
  const host = cloud.startHost({
    ensureVolume: async (spec) => {
      await slow.promise;
      made += 1;
      return host.agent.ensureVolume(spec);
    },
  });
  await waitForHosts(cloud, 1);
  const { id } = (await cloud.create()).body.volume;
  assert.match(
    (await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).body.badRequest.message,
    /status must be available or error/,
  );
  assert.equal((await cloud.act(id, { 'os-force_delete': {} })).status, 202);
  slow.resolve();
  await cloud.isGone(`/volumes/${id}`);
  assert.ok(made <= 1);
  assert.equal((await host.store.pools())[0]?.freeGb, 100);
});

test('OSSA-2019-003: members see the reason of a failure without hosts and paths; administrators see all of it', async (t) => {
  const inside = 'tgtd at 10.0.0.7:3260 refused new device 3: error 1, /var/lib/wattle/volume-agent/pool/x.raw';
  const cloud = await startVolumes(t);
  let fault = new Fault(500, 'unexpected', inside);
  const refuse = async () => Promise.reject(fault);
  cloud.startHost({ ensureVolume: refuse, ensureGrant: refuse }, 'secret-store-1');
  await waitForHosts(cloud, 1);
  const member = { role: 'member,reader', version: '3.54' };
  const userMessages = async (asked: object) =>
    (await cloud.ask('GET', `${cloud.at}/messages`, { version: '3.54', ...asked })).body.messages.map(
      ({ user_message }: { user_message: string }) => user_message,
    );
  await cloud.createAndWait();
  assert.deepEqual(await userMessages(member), [
    'create volume:The storage could not do it. An administrator can see why.',
  ]);
  assert.deepEqual(await userMessages({}), [`create volume:Host secret-store-1: ${inside}`]);
  fault = new Fault(507, 'insufficientStorage', 'the disk is full, nothing was written');
  await cloud.createAndWait();
  assert.match((await userMessages(member)).join(), /create volume:the disk is full, nothing was written/);
  fault = new Fault(400, 'badRequest', 'the image is refused: it has a backing file');
  await cloud.createAndWait();
  assert.match((await userMessages(member)).join(), /create volume:the image is refused: it has a backing file/);
  await cloud.createAndWait({ size: 900 });
  assert.match(
    (await userMessages(member)).join(),
    /schedule allocate volume:No storage pool has enough free space and matches the volume type\./,
  );
  for (const text of await userMessages(member)) assert.doesNotMatch(text, /secret-store|10\.0|fake|\/var/);
});

test('OSSA-2019-003: a failed attach reveals nothing about the host to members, nor to a service that passes the message on', async (t) => {
  const cloud = await startVolumes(t);
  const inside = 'tgtd refused new target 3: error 9';
  cloud.startHost({ ensureGrant: async () => Promise.reject(new Fault(500, 'unexpected', inside)) }, 'secret-store-1');
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const connector = { initiator: 'iqn.2026-11.cloud.wattle:kvm1', host: 'kvm1' };
  for (const [role, message] of [
    ['member,reader', /could not do it/],
    ['admin,service', /could not do it/],
    ['admin', /Host secret-store-1: tgtd refused/],
  ] as const) {
    const { attachment } = (await cloud.reserve(id, randomUUID())).body;
    const asked = { role, version: '3.54', body: { attachment: { connector } } };
    const { status, body } = await cloud.ask('PUT', `/v3/attachments/${attachment.id}`, asked);
    assert.equal(status, 500);
    assert.match(body.computeFault.message, message);
    await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, { version: '3.54', service: true });
  }
});
