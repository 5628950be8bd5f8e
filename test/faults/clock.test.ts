/** The wall clock is set in the middle of work, or tells another zone's time: what is under way ends as if it had not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStore } from '../e2e/object-cloud.ts';
import { cloudWithHost, launched, startCloud, until } from '../fakes/compute-cloud.ts';
import { one, openIdentity } from '../fakes/identity.ts';
import { wallClock } from '../fakes/steady-clock.ts';

const hourMs = 3_600_000;

for (const [id, minutes] of [
  ['C01, C03: a build goes on', 10],
  ['C02: a build goes on', -10],
] as const)
  test(`${id} when the clock of controller and host is set by ${minutes} minutes, and no host is held down`, async (t) => {
    const clock = wallClock(t);
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const cloud = await startCloud(t, { config: { answerMs: 3_000, hostDownMs: 20_000 } });
    const host = cloud.startHost({
      ensureGuest: async (spec) => {
        reached.resolve();
        await goOn.promise;
        host.guests.set(spec.id, spec);
        return {
          id: spec.id,
          power: spec.power,
          machine: { type: 'q35', cpu: 'max', accelerator: 'tcg' },
          devices: {},
        };
      },
    });
    await until(() => cloud.placement.providers.size === 1);
    const { body } = await cloud.launch();
    await reached.promise;
    clock.step(minutes * 60_000);
    const next = await cloud.launch();
    goOn.resolve();
    for (const each of [body.server.id, next.body.server.id]) {
      const server = await cloud.ended(each);
      assert.equal(server.status, 'ACTIVE', JSON.stringify(server.fault));
    }
    assert.equal(host.guests.size, 2);
    for (const each of [body.server.id, next.body.server.id]) await cloud.ask('DELETE', `/v2.1/servers/${each}`);
    await cloud.isGone(body.server.id);
    await cloud.isGone(next.body.server.id);
    assert.equal(host.guests.size + cloud.network.ports.size + cloud.placement.claims.size, 0);
    assert.equal(await cloud.openTasks(), 0);
  });

test('C02: a host that is gone is seen to be, although the clock was set back', async (t) => {
  const clock = wallClock(t);
  const cloud = await startCloud(t, { config: { answerMs: 200, hostDownMs: 150 } });
  const host = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  await host.close();
  clock.step(-hourMs);
  const server = await launched(cloud);
  assert.equal(server.status, 'ERROR');
  const { body } = await cloud.ask('GET', '/v2.1/os-services?binary=nova-compute');
  assert.equal(body.services[0].state, 'down');
});

test('C04: object hosts whose clock is an hour ahead keep the newest write, and what was deleted stays so', async (t) => {
  const clock = wallClock(t); // that of the hosts: the proxy stamps writes by its own
  const store = await startStore(t, { replicateMs: 30, auditMs: 30, auditPassMs: 30, reportMs: 20, rehashMs: 50 });
  await store.ask('PUT', '/docs');
  for (const name of ['kept', 'changed', 'removed']) await store.ask('PUT', `/docs/${name}`, {}, 'before');
  clock.step(hourMs);
  assert.equal((await store.ask('PUT', '/docs/changed', {}, 'after')).status, 201);
  assert.equal((await store.ask('DELETE', '/docs/removed')).status, 204);
  await until(async () => (await (await store.ask('GET', '/docs')).text()) === 'changed\nkept\n');
  clock.step(-hourMs);
  assert.equal((await store.ask('PUT', '/docs/changed', {}, 'at last')).status, 201);
  assert.equal(await (await store.ask('GET', '/docs/changed')).text(), 'at last');
  assert.equal(await (await store.ask('GET', '/docs/kept')).text(), 'before');
  assert.equal((await store.ask('GET', '/docs/removed')).status, 404);
});

test('C06: in any time zone, and when it changes, times are told and filtered in UTC and tokens are good', async (t) => {
  const zone = process.env.TZ;
  t.after(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });
  const { cloud } = await cloudWithHost(t);
  const identity = await openIdentity(t);
  const early = await identity.admin();
  for (const each of ['America/St_Johns', 'Pacific/Kiritimati', 'Europe/Berlin', 'UTC']) {
    process.env.TZ = each;
    const { id, created } = await launched(cloud);
    assert.ok(Math.abs(Date.parse(created) - Date.now()) < 30_000, `${created} in ${each}`);
    const since = new Date(Date.parse(created) - 1_000).toISOString();
    const { body } = await cloud.ask('GET', `/v2.1/servers?changes-since=${since}`, { version: '2.100' });
    assert.ok(
      body.servers.some((server: { id: string }) => server.id === id),
      `${since} in ${each}`,
    );
    const later = encodeURIComponent(new Date(Date.now() + hourMs).toISOString().replace('Z', '+00:00'));
    const none = await cloud.ask('GET', `/v2.1/servers?changes-since=${later}`, { version: '2.100' });
    assert.deepEqual(none.body.servers, []);
    const token = await identity.admin();
    const shown = one(
      await identity.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': early } }),
      'token',
    );
    assert.ok(Math.abs(Date.parse(shown.issued_at) - Date.now()) < 120_000, `${shown.issued_at} in ${each}`);
  }
});
