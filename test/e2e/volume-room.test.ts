/** Capacity of pools: overcommit, reserved space, and the reasons of refusals. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startVolumes, until, waitForHosts } from './volume-cloud.ts';

const thin = (more: object = {}) => ({
  pools: [{ name: 'p', driver: 'file', totalGb: 10, freeGb: 9, reservedGb: 1, thin: true, features: [], ...more }],
});

async function cloudWith(t: TestContext, pool: object, config: object = {}) {
  const cloud = await startVolumes(t, { overcommit: 2, ...config });
  cloud.startHost({}, 'store1', thin(pool));
  await waitForHosts(cloud, 1);
  const userMessages = async () => (await cloud.messages()).map(({ user_message }) => user_message).join();
  return { cloud, userMessages };
}

test('twenty concurrent creates allocate no more than the overcommitted pool size, and the reason has the numbers', async (t) => {
  const { cloud, userMessages } = await cloudWith(t, {}, { limit: 20 });
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${cloud.at.split('/').at(-1)}`, {
    body: { quota_set: { volumes: -1 } },
  });
  const made = await Promise.all(Array.from({ length: 20 }, () => cloud.createAndWait({ size: 3 })));
  assert.equal(made.filter(({ status }) => status === 'available').length, 6); // 6 × 3 of 2 × 10
  assert.match(
    await userMessages(),
    /has allocated 18 GiB of at most 20 GiB \(2 times its 10 GiB\), and 3 GiB are needed/,
  );
});

test('reserved space is not allocated', async (t) => {
  const { cloud, userMessages } = await cloudWith(t, { freeGb: 2 });
  assert.equal((await cloud.createAndWait({ size: 2 })).status, 'available');
  assert.equal((await cloud.createAndWait({ size: 3 })).status, 'error');
  assert.match(
    await userMessages(),
    /has 2 GiB free, of which 1 GiB are reserved: at most 2 GiB of them can be allocated/,
  );
});

test('snapshots count as allocated; a volume that cannot be extended keeps its size, with the reason in a message', async (t) => {
  const { cloud, userMessages } = await cloudWith(t, {});
  const { id } = await cloud.createAndWait({ size: 8 });
  const { id: snapshot } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshot)).status === 'available');
  await cloud.act(id, { 'os-extend': { new_size: 13 } });
  const { status, size } = await cloud.waitUntilStable(id);
  assert.deepEqual([status, size], ['available', 8]);
  assert.match(
    await userMessages(),
    /extend volume:No valid backend was found. store1@file#p has allocated 16 GiB of at most 20/,
  );
  await cloud.act(id, { 'os-extend': { new_size: 12 } });
  assert.equal((await cloud.waitUntilStable(id)).size, 12);
});
