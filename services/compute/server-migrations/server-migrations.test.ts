import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addVolume, type Cloud, projectId, startCloud, until, volumeId } from '../../../test/fakes/compute-cloud.ts';
import { confirmResizes } from '../timers.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

async function cloudOfTwo(t: TestContext, config: object = {}) {
  const cloud = await startCloud(t, { config });
  const [one, two] = [cloud.startHost({}, 'kvm1'), cloud.startHost({}, 'kvm2')];
  await until(() => cloud.placement.providers.size === 2);
  const { body } = await cloud.launch({ availability_zone: 'nova:kvm1' });
  const server = await cloud.ended(body.server.id);
  return { cloud, one, two, id: server.id as string };
}

const claimsOn = (cloud: Cloud, host: string) =>
  [...cloud.placement.claims.values()].filter(
    ({ providerId }) => cloud.placement.providers.get(providerId)?.name === host,
  ).length;

/** Waits for the whole attach, which is a task beside those of the server's state. */
async function attachVolume(cloud: Cloud, id: string): Promise<void> {
  addVolume(cloud);
  await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId } } });
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal(cloud.volumes.volumes.get(volumeId)?.status, 'in-use');
}

test('a resize moves the guest and waits in VERIFY_RESIZE, with the old one off on its host', async (t) => {
  const { cloud, one, two, id } = await cloudOfTwo(t, { resizeToSameHost: false });
  assert.equal((await cloud.act(id, { resize: { flavorRef: '84', 'OS-DCF:diskConfig': 'AUTO' } })).status, 202);
  const server = await cloud.ended(id);
  assert.deepEqual(
    [server.status, server.flavor.original_name, server['OS-EXT-SRV-ATTR:host'], server['OS-DCF:diskConfig']],
    ['VERIFY_RESIZE', 'm1.micro', 'kvm2', 'AUTO'],
  );
  assert.deepEqual([one.guests.get(id)?.power, two.guests.get(id)?.power], ['off', 'on']);
  assert.equal(two.guests.get(id)?.ramMb, 192);
  assert.deepEqual([claimsOn(cloud, 'kvm1'), claimsOn(cloud, 'kvm2')], [1, 1]);
  assert.equal([...cloud.network.ports.values()][0]?.['binding:host_id'], 'kvm2');

  assert.equal((await cloud.act(id, { confirmResize: null })).status, 204);
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.deepEqual([one.guests.size, two.guests.size, cloud.placement.claims.size], [0, 1, 1]);
  assert.equal((await cloud.act(id, { confirmResize: null })).status, 409);
});

test('a revert brings back the old flavor, host and allocation', async (t) => {
  const { cloud, one, two, id } = await cloudOfTwo(t, { resizeToSameHost: false });
  await attachVolume(cloud, id);
  await cloud.act(id, { resize: { flavorRef: '84' } });
  assert.equal((await cloud.ended(id)).status, 'VERIFY_RESIZE');
  assert.equal(two.guests.get(id)?.disks.length, 2);
  assert.equal((await cloud.act(id, { revertResize: null })).status, 202);
  const server = await cloud.ended(id);
  assert.deepEqual(
    [server.status, server.flavor.original_name, server['OS-EXT-SRV-ATTR:host']],
    ['ACTIVE', 'm1.nano', 'kvm1'],
  );
  assert.deepEqual([one.guests.get(id)?.power, two.guests.size], ['on', 0]);
  assert.deepEqual([claimsOn(cloud, 'kvm1'), claimsOn(cloud, 'kvm2')], [1, 0]);
});

test('a stopped server is stopped after its resize and its confirmation', async (t) => {
  const { cloud, two, id } = await cloudOfTwo(t, { resizeToSameHost: false });
  await cloud.act(id, { 'os-stop': null });
  await cloud.ended(id);
  await cloud.act(id, { resize: { flavorRef: '84' } });
  assert.equal((await cloud.ended(id)).status, 'VERIFY_RESIZE');
  assert.equal(two.guests.get(id)?.power, 'off');
  await cloud.act(id, { confirmResize: null });
  assert.equal((await cloud.ended(id)).status, 'SHUTOFF');
});

test('what a resize cannot do is refused before anything changes', async (t) => {
  const { cloud, id } = await cloudOfTwo(t);
  const { body } = await cloud.ask('POST', '/v2.1/flavors', {
    body: { flavor: { name: 'no disk', ram: 128, vcpus: 1, disk: 0 } },
  });
  const cases: [unknown, number, RegExp][] = [
    ['42', 400, /must change flavor/],
    ['none', 400, /Flavor none could not be found/],
    ['', 400, /flavorRef/],
    [body.flavor.id, 400, /zero disk/],
  ];
  for (const [flavorRef, status, message] of cases) {
    const answer = await cloud.act(id, { resize: { flavorRef } });
    assert.equal(answer.status, status, String(flavorRef));
    assert.match(JSON.stringify(answer.body), message);
  }
  assert.equal((await cloud.act(id, { revertResize: null })).status, 409);
});

test('OSSA-2013-019, OSSA-2013-024: a resize to a private flavor of others finds none', async (t) => {
  const { cloud, id } = await cloudOfTwo(t);
  const { body } = await cloud.ask('POST', '/v2.1/flavors', {
    body: { flavor: { name: 'private', ram: 256, vcpus: 1, disk: 2, 'os-flavor-access:is_public': false } },
  });
  const answer = await cloud.act(id, { resize: { flavorRef: body.flavor.id } }, { role: 'member,reader' });
  assert.deepEqual([answer.status, /could not be found/.test(answer.body.badRequest.message)], [400, true]);
});

test('a resize counts against the quota from its request on, and a revert frees it', async (t) => {
  const { cloud, id } = await cloudOfTwo(t, { resizeToSameHost: false, ramMb: 192 });
  await cloud.act(id, { resize: { flavorRef: '84' } });
  await cloud.ended(id);
  const { status, body } = await cloud.launch();
  assert.equal(status, 403, JSON.stringify(body));
  await cloud.act(id, { revertResize: null });
  await cloud.ended(id);
  const refused = await cloud.act(id, { resize: { flavorRef: '1' } });
  assert.deepEqual(
    [refused.status, refused.body.forbidden.message],
    [403, 'Quota exceeded for ram: Requested 384, but already used 128 of 192 ram'],
  );
});

test('a resize without room leaves the server as it was, and says why in its action', async (t) => {
  const { cloud, id } = await cloudOfTwo(t, { cores: -1, ramMb: -1 });
  const { body } = await cloud.ask('POST', '/v2.1/flavors', {
    body: { flavor: { name: 'huge', ram: 9_000_000, vcpus: 1, disk: 1 } },
  });
  const { headers } = await cloud.act(id, { resize: { flavorRef: body.flavor.id } });
  const server = await cloud.ended(id);
  assert.deepEqual([server.status, server.flavor.original_name], ['ACTIVE', 'm1.nano']);
  const request = headers.get('x-compute-request-id');
  const action = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions/${request}`, { version: '2.84' });
  assert.match(action.body.instanceAction.message, /No valid host was found.*9000000 MB of memory/);
  assert.equal(action.body.instanceAction.events.length, 2);
  assert.equal(cloud.placement.claims.size, 1);
});

test('a cold migration leaves its host; from 2.56 on to a host that an administrator names', async (t) => {
  const { cloud, one, id } = await cloudOfTwo(t);
  cloud.startHost({}, 'kvm3');
  await until(() => cloud.placement.providers.size === 3);
  const named = (host: string) => cloud.act(id, { migrate: { host } }, { version: '2.56' });
  assert.match((await named('kvm1')).body.badRequest.message, /Cannot migrate to the host where the server exists/);
  assert.match((await named('none')).body.badRequest.message, /Compute host none could not be found/);
  assert.equal((await cloud.act(id, { migrate: { host: 'kvm3' } })).status, 400);
  assert.equal((await cloud.act(id, { migrate: null }, { role: 'member,reader' })).status, 403);
  assert.equal((await named('kvm3')).status, 202);
  assert.equal((await cloud.ended(id))['OS-EXT-SRV-ATTR:host'], 'kvm3');
  await cloud.act(id, { confirmResize: null });
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.equal(one.guests.size, 0);
});

test('migrations are listed with the fields, filters and pages of each version', async (t) => {
  const { cloud, id } = await cloudOfTwo(t, { resizeToSameHost: false });
  await cloud.act(id, { resize: { flavorRef: '84' } });
  await cloud.ended(id);
  await cloud.act(id, { confirmResize: null });
  await cloud.ended(id);
  await cloud.act(id, { migrate: null });
  await cloud.ended(id);
  const list = async (query: string, version: string, role?: string) =>
    (await cloud.ask('GET', `/v2.1/os-migrations${query}`, { version, ...(role ? { role } : {}) })).body;
  const [first] = (await list('', '2.1')).migrations;
  assert.deepEqual(
    [first.status, first.source_compute, first.dest_compute, first.old_instance_type_id === first.new_instance_type_id],
    ['finished', 'kvm2', 'kvm1', true],
  );
  assert.equal(first.migration_type, undefined);
  const types = async (query: string) =>
    (await list(query, '2.80')).migrations.map((each: { migration_type: string }) => each.migration_type);
  assert.deepEqual(await types(''), ['migration', 'resize']);
  assert.deepEqual(await types('?status=confirmed'), ['resize']);
  assert.deepEqual(await types('?source_compute=kvm2'), ['migration']);
  assert.deepEqual(await types(`?instance_uuid=${id}&migration_type=resize`), ['resize']);
  assert.deepEqual(await types('?host=kvm3'), []);
  assert.deepEqual(await types('?changes-since=2999-01-01T00:00:00Z'), []);
  const page = await list('?limit=1', '2.59');
  assert.match(page.migrations_links[0].href, new RegExp(`marker=${page.migrations[0].uuid}`));
  assert.equal(
    (await list(`?limit=1&marker=${page.migrations[0].uuid}`, '2.59')).migrations[0].migration_type,
    'resize',
  );
  assert.match((await list('?user_id=x', '2.66')).badRequest.message, /Additional properties/);
  assert.equal((await list('?marker=none', '2.59')).badRequest.code, 400);
  const manager = await list('', '2.80', 'manager');
  assert.deepEqual(
    [manager.migrations.length, manager.migrations[0].source_compute, manager.migrations[0].project_id],
    [2, null, projectId],
  );
  assert.deepEqual((await cloud.ask('GET', `/v2.1/servers/${id}/migrations`, { version: '2.80' })).body, {
    migrations: [],
  });
  assert.equal((await cloud.ask('GET', `/v2.1/servers/${id}/migrations/1`, { version: '2.80' })).status, 404);
});

test('a resize is confirmed by itself after the time that is set', async (t) => {
  const { cloud, id } = await cloudOfTwo(t, { confirmResizeMs: 1 });
  await cloud.act(id, { resize: { flavorRef: '84' } });
  assert.equal((await cloud.ended(id)).status, 'VERIFY_RESIZE');
  await until(async () => {
    await confirmResizes(cloud.compute);
    return (await cloud.show(id)).status === 'ACTIVE';
  });
});

/** The first host has lost its power, and an administrator knows it. */
async function loseHost(cloud: Cloud, host: { close(): Promise<void> }, name = 'kvm1') {
  await host.close();
  const { body } = await cloud.ask('GET', `/v2.1/os-services?host=${name}`, { version: '2.53' });
  const [service] = body.services.filter((each: { binary: string }) => each.binary === 'nova-compute');
  const path = `/v2.1/os-services/${service.id}`;
  await cloud.ask('PUT', path, { version: '2.53', body: { forced_down: true } });
  return path;
}

test('an evacuation is for a host that is lost; its server starts on another one, and the host that returns removes it first', async (t) => {
  const { cloud, one, two, id } = await cloudOfTwo(t);
  await attachVolume(cloud, id);
  const [old] = [...cloud.volumes.attachments.keys()];
  const evacuateTo = (input: object, version = '2.68') => cloud.act(id, { evacuate: input }, { version });
  assert.match((await evacuateTo({})).body.badRequest.message, /Compute service of kvm1 is still in use/);
  const path = await loseHost(cloud, one);
  assert.equal((await evacuateTo({ host: 'none' })).status, 404);
  assert.match((await evacuateTo({ host: 'kvm1' })).body.badRequest.message, /can't be the same one/);
  assert.equal((await evacuateTo({ onSharedStorage: false })).status, 400);
  assert.equal((await evacuateTo({ force: true, host: 'kvm2' })).status, 400);
  const { status, body } = await evacuateTo({ host: 'kvm2' });
  assert.deepEqual([status, body], [200, null]);
  const server = await cloud.ended(id);
  assert.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host']], ['ACTIVE', 'kvm2']);
  assert.equal(two.guests.get(id)?.power, 'on');
  const attachments = [...cloud.volumes.attachments.keys()];
  assert.deepEqual([attachments.length, attachments.includes(String(old))], [1, false]);
  assert.deepEqual([claimsOn(cloud, 'kvm1'), claimsOn(cloud, 'kvm2')], [0, 1]);
  const listed = await cloud.ask('GET', '/v2.1/os-migrations?migration_type=evacuation', { version: '2.80' });
  assert.equal(listed.body.migrations[0].status, 'done');

  const gone: string[] = [];
  cloud.startHost({ ensureGuestGone: async (spec) => void gone.push(spec.id) }, 'kvm1');
  await cloud.ask('PUT', path, { version: '2.53', body: { forced_down: false } });
  await until(() => gone.includes(id));
});

test('before 2.14 an evacuation answers with the password; from 2.95 on the server is off afterwards', async (t) => {
  const { cloud, one, two, id } = await cloudOfTwo(t);
  await loseHost(cloud, one);
  const { body } = await cloud.act(id, { evacuate: { onSharedStorage: 'False', adminPass: 'secret' } });
  assert.deepEqual(body, { adminPass: 'secret' });
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  cloud.startHost({}, 'kvm3');
  await until(() => cloud.placement.providers.size === 3);
  await loseHost(cloud, two, 'kvm2');
  await cloud.act(id, { evacuate: {} }, { version: '2.95' });
  const server = await cloud.ended(id);
  assert.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host']], ['SHUTOFF', 'kvm3']);
});

test('an evacuation without room leaves the server as it was', async (t) => {
  const cloud = await startCloud(t);
  const one = cloud.startHost({}, 'kvm1');
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.launch();
  await cloud.ended(body.server.id);
  await loseHost(cloud, one);
  await cloud.act(body.server.id, { evacuate: {} }, { version: '2.68' });
  const server = await cloud.ended(body.server.id);
  assert.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host'], cloud.placement.claims.size], ['ACTIVE', 'kvm1', 1]);
});

test('a live migration moves the running guest with its volumes and ports, and leaves nothing behind', async (t) => {
  const { cloud, one, two, id } = await cloudOfTwo(t);
  await attachVolume(cloud, id);
  const live = (input: object, version = '2.68') => cloud.act(id, { 'os-migrateLive': input }, { version });
  const auto = { host: null, block_migration: 'auto' };
  assert.match((await live({ ...auto, host: 'kvm1' })).body.badRequest.message, /to current host/);
  assert.match((await live({ ...auto, host: 'none' })).body.badRequest.message, /could not be found/);
  assert.match((await live({ ...auto, block_migration: false })).body.badRequest.message, /not on shared storage/);
  assert.equal((await live(auto, '2.24')).status, 400);
  assert.equal((await live({ ...auto, force: true }, '2.68')).status, 400);
  assert.match((await live({ ...auto, force: true }, '2.67')).body.badRequest.message, /non-provided destination/);
  const old = { host: 'kvm2', block_migration: true, disk_over_commit: false };
  assert.equal((await live(old, '2.1')).status, 202);
  const server = await cloud.ended(id);
  assert.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host']], ['ACTIVE', 'kvm2']);
  assert.deepEqual([one.guests.size, two.guests.get(id)?.power], [0, 'on']);
  assert.deepEqual([cloud.placement.claims.size, cloud.volumes.attachments.size], [1, 1]);
  const [port] = [...cloud.network.ports.values()] as unknown as { 'binding:host_id': string; more: string[] }[];
  assert.deepEqual([port?.['binding:host_id'], port?.more], ['kvm2', []]);
  const { body } = await cloud.ask('GET', '/v2.1/os-migrations', { version: '2.23' });
  assert.deepEqual([body.migrations[0].status, body.migrations[0].links], ['completed', undefined]);
});

test('OSSA-2015-015: a live migration in progress is shown, aborted or forced; a delete ends it on both hosts', async (t) => {
  const cloud = await startCloud(t);
  const sending = Promise.withResolvers<void>();
  const gone: string[] = [];
  const one = cloud.startHost({ sendGuest: () => sending.promise }, 'kvm1');
  cloud.startHost({ ensureGuestGone: async (spec) => void gone.push(spec.id) }, 'kvm2');
  await until(() => cloud.placement.providers.size === 2);
  const { body } = await cloud.launch({ availability_zone: 'nova:kvm1' });
  const { id } = await cloud.ended(body.server.id);
  await cloud.act(id, { 'os-migrateLive': { host: null, block_migration: 'auto' } }, { version: '2.80' });
  const path = `/v2.1/servers/${id}/migrations`;
  const list = async () => (await cloud.ask('GET', path, { version: '2.80' })).body.migrations;
  await until(async () => (await list())[0]?.status === 'running');
  assert.equal((await cloud.show(id)).status, 'MIGRATING');
  const [{ id: number }] = await list();
  const asked: string[] = [];
  cloud.compute.bus.onCall<{ what: string }>('compute-agent.kvm1.controlSending', async ({ what }) => {
    asked.push(what);
    return { progress: { memoryTotal: 7 } };
  });
  const shown = await cloud.ask('GET', `${path}/${number}`, { version: '2.80' });
  assert.equal(shown.body.migration.memory_total_bytes, 7);
  const force = (body: object) => cloud.ask('POST', `${path}/${number}/action`, { version: '2.22', body });
  assert.equal((await force({ force_complete: null })).status, 202);
  assert.equal((await cloud.ask('DELETE', `${path}/${number}`, { version: '2.24' })).status, 202);
  assert.equal((await cloud.ask('DELETE', `${path}/999`, { version: '2.24' })).status, 404);
  assert.deepEqual(asked, ['progress', 'force', 'abort']);
  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${id}`)).status, 204);
  await cloud.isGone(id);
  assert.deepEqual([gone.includes(id), one.guests.size, cloud.placement.claims.size], [true, 0, 0]);
  sending.resolve();
});
