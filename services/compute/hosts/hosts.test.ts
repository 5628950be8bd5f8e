import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAddress, type OwnsGuest, ownsGuest } from '#shared/contracts/compute-agent.ts';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

async function withHost(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  return cloud;
}

test('a host that reports is a hypervisor, a service, and a resource provider with its inventory', async (t) => {
  const cloud = await withHost(t);
  const [[id, provider] = []] = [...cloud.placement.providers];
  assert.equal(provider?.name, 'kvm1');
  assert.deepEqual(provider?.inventory.MEMORY_MB, {
    total: 1_000_000,
    reserved: 512,
    min_unit: 1,
    max_unit: 1_000_000,
    step_size: 1,
    allocation_ratio: 1,
  });
  assert.equal(provider?.inventory.VCPU?.allocation_ratio, 4);
  const { body } = await cloud.ask('GET', '/v2.1/os-hypervisors/detail', { version: '2.88' });
  assert.equal(body.hypervisors[0].id, id);
  assert.equal(body.hypervisors[0].state, 'up');
  const { body: old } = await cloud.ask('GET', '/v2.1/os-hypervisors/detail');
  assert.equal(old.hypervisors[0].id, 1);
  assert.equal(old.hypervisors[0].vcpus, 1000);
  assert.equal(typeof old.hypervisors[0].cpu_info, 'string');
  const { body: shown } = await cloud.ask('GET', '/v2.1/os-services?binary=nova-compute', { version: '2.69' });
  assert.deepEqual([shown.services[0].host, shown.services[0].state], ['kvm1', 'up']);
});

test('the uptime of a hypervisor is what its host answers, in its own API until 2.87', async (t) => {
  const cloud = await withHost(t);
  assert.equal((await cloud.ask('GET', '/v2.1/os-hypervisors/1/uptime')).status, 400);
  const text = ' 08:32:11 up  2:05,  0 users,  load average: 0.20, 0.12, 0.14';
  cloud.compute.bus.onCall(callAddress('kvm1', 'uptime'), async () => ({ text }));
  const { body } = await cloud.ask('GET', '/v2.1/os-hypervisors/1/uptime');
  assert.deepEqual(body.hypervisor, {
    id: 1,
    hypervisor_hostname: 'kvm1',
    state: 'up',
    status: 'enabled',
    uptime: text,
  });
  const { body: modern } = await cloud.ask('GET', '/v2.1/os-hypervisors/detail', { version: '2.88' });
  assert.equal(modern.hypervisors[0].uptime, text);
  const path = `/v2.1/os-hypervisors/${modern.hypervisors[0].id}/uptime`;
  assert.equal((await cloud.ask('GET', path, { version: '2.88' })).status, 404);
});

test('a disabled host gets no servers, and the fault has the reason', async (t) => {
  const cloud = await withHost(t);
  const { body } = await cloud.ask('GET', '/v2.1/os-services?host=kvm1', { version: '2.53' });
  const path = `/v2.1/os-services/${body.services[0].id}`;
  const change = { status: 'disabled', disabled_reason: 'a new fan' };
  assert.equal((await cloud.ask('PUT', path, { version: '2.53', body: change })).body.service.status, 'disabled');
  const launched = await cloud.launch();
  const { fault } = await cloud.ended(launched.body.server.id);
  assert.match(fault.message, /Hosts: 1 disabled\.$/);
  assert.equal(fault.details, 'No valid host was found. Host kvm1: is disabled: a new fan.');
});

test('a host that reports that it cannot do its work is disabled with the reason until it can; an administrator decides otherwise', async (t) => {
  const cloud = await startCloud(t);
  const service = async () =>
    (await cloud.ask('GET', '/v2.1/os-services?host=kvm1', { version: '2.53' })).body.services[0];
  const reported = async (unfit: readonly string[]) => {
    const host = cloud.startHost({}, 'kvm1', { unfit });
    const expected = unfit.length > 0 ? `AUTO: ${unfit.join('; ')}` : null;
    await until(async () => (await service())?.disabled_reason === expected);
    return host;
  };
  const unfit = await reported(['nova cannot log in']);
  await until(() => cloud.placement.providers.size === 1);
  assert.equal((await service()).status, 'disabled');
  const { body } = await cloud.launch();
  assert.match((await cloud.ended(body.server.id)).fault.details, /Host kvm1: is disabled: AUTO: nova cannot log in/);
  await unfit.close();
  const fit = await reported([]);
  assert.equal((await service()).status, 'enabled');
  const change = { status: 'disabled', disabled_reason: 'a new fan' };
  await cloud.ask('PUT', `/v2.1/os-services/${(await service()).id}`, { version: '2.53', body: change });
  await fit.close();
  cloud.startHost({}, 'kvm1', { unfit: ['no disk'] });
  await until(async () => (await cloud.ask('GET', '/v2.1/os-hypervisors/detail')).body.hypervisors.length === 1);
  assert.equal((await service()).disabled_reason, 'a new fan');
});

test('a host in an aggregate with a zone is in that zone, and in no other', async (t) => {
  const cloud = await withHost(t);
  const made = await cloud.ask('POST', '/v2.1/os-aggregates', {
    body: { aggregate: { name: 'a', availability_zone: 'z1' } },
  });
  const path = `/v2.1/os-aggregates/${made.body.aggregate.id}`;
  assert.equal((await cloud.ask('DELETE', `${path}9`)).status, 404);
  assert.equal((await cloud.ask('POST', `${path}/action`, { body: { add_host: { host: 'kvm1' } } })).status, 200);
  const { body } = await cloud.ask('GET', '/v2.1/os-availability-zone/detail');
  const zone = body.availabilityZoneInfo.find(({ zoneName }: { zoneName: string }) => zoneName === 'z1');
  assert.equal(zone.hosts.kvm1['nova-compute'].available, true);
  const launched = await cloud.launch({ availability_zone: 'z1' });
  assert.equal((await cloud.ended(launched.body.server.id))['OS-EXT-AZ:availability_zone'], 'z1');
  const elsewhere = await cloud.launch({ availability_zone: 'nova' });
  assert.match((await cloud.ended(elsewhere.body.server.id)).fault.details, /zone nova was asked for, it is in z1/);
});

test('owns-guest returns the desired power state of a guest to its host', async (t) => {
  const cloud = await withHost(t);
  const { body } = await cloud.launch();
  const { id } = await cloud.ended(body.server.id);
  const wanted = async (host: string) =>
    (await cloud.compute.bus.call<OwnsGuest['reply']>(ownsGuest, { host, id })).power;
  assert.equal(await wanted('kvm1'), 'on');
  assert.equal(await wanted('another'), null);
  await cloud.act(id, { 'os-stop': null });
  await cloud.ended(id);
  assert.equal(await wanted('kvm1'), 'off');
});

test('hypervisors are listed in pages from 2.33 on, by number and from 2.53 on by id', async (t) => {
  const cloud = await withHost(t);
  cloud.startHost({}, 'kvm2', { hostId: '11111111-1111-4111-8111-111111111111' });
  await until(() => cloud.placement.providers.size === 2);
  const list = async (query: string, version: string) =>
    (await cloud.ask('GET', `/v2.1/os-hypervisors?${query}`, { version })).body;
  const namesOf = ({ hypervisors }: Awaited<ReturnType<typeof list>>) =>
    hypervisors.map(({ hypervisor_hostname: name }: { hypervisor_hostname: string }) => name);
  assert.deepEqual(namesOf(await list('', '2.1')), ['kvm1', 'kvm2']);
  for (const version of ['2.33', '2.53']) {
    const first = await list('limit=1', version);
    assert.deepEqual(namesOf(first), ['kvm1']);
    assert.ok(first.hypervisors_links);
    assert.deepEqual(namesOf(await list(`limit=1&marker=${first.hypervisors[0].id}`, version)), ['kvm2']);
  }
  assert.deepEqual(namesOf(await list('hypervisor_hostname_pattern=m2', '2.53')), ['kvm2']);
  assert.equal((await cloud.ask('GET', '/v2.1/os-hypervisors?marker=9', { version: '2.33' })).status, 400);
});

test('before 2.53 a service is changed by its host and binary', async (t) => {
  const cloud = await withHost(t);
  const of = { host: 'kvm1', binary: 'nova-compute' };
  const put = async (part: string, more: object = {}, version = '2.11') =>
    (await cloud.ask('PUT', `/v2.1/os-services/${part}`, { version, body: { ...of, ...more } })).body;
  const shown = async () => {
    const { body } = await cloud.ask('GET', '/v2.1/os-services?host=kvm1', { version: '2.11' });
    const { status, disabled_reason: reason, forced_down: down } = body.services[0];
    return [status, reason, down];
  };
  assert.deepEqual(await put('disable'), { service: { ...of, status: 'disabled' } });
  assert.deepEqual(await shown(), ['disabled', null, false]);
  const reason = { disabled_reason: 'a new fan' };
  assert.deepEqual(await put('disable-log-reason', reason), { service: { ...of, status: 'disabled', ...reason } });
  assert.deepEqual(await shown(), ['disabled', 'a new fan', false]);
  assert.deepEqual(await put('enable'), { service: { ...of, status: 'enabled' } });
  assert.deepEqual(await put('force-down', { forced_down: true }), { service: { ...of, forced_down: true } });
  assert.deepEqual(await shown(), ['enabled', null, true]);
  assert.match((await put('enable', { host: 'nobody' })).itemNotFound.message, /nova-compute on host nobody/);
});
