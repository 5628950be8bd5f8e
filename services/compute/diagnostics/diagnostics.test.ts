import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { type ComputeCalls, callAddress, type GuestDiagnostics } from '#shared/contracts/compute-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import { launched, startCloud, until } from '../../../test/fakes/compute-cloud.ts';
import { getMetadata } from '../metadata/operations.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const found: GuestDiagnostics = {
  uptimeS: 7,
  cpuNs: [1_000],
  disks: [{ device: 'vda', readBytes: 1, readRequests: 2, writeBytes: 3, writeRequests: 4, errors: 0 }],
  nics: [{ mac: 'fa:16:3e:00:00:01', tap: 'tap1', counters: { rx_bytes: 5, tx_bytes: 6 } }],
  usedRamMb: 128,
};

async function serverOnHost(t: Parameters<typeof startCloud>[0]) {
  const bus = memoryBus();
  const cloud = await startCloud(t, { bus });
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const seen: unknown[] = [];
  const answer =
    <Name extends keyof ComputeCalls>(reply: () => ComputeCalls[Name]['reply']) =>
    async (request: ComputeCalls[Name]['request']) => {
      seen.push(request);
      return reply();
    };
  bus.onCall(
    callAddress('kvm1', 'diagnostics'),
    answer<'diagnostics'>(() => found),
  );
  bus.onCall(
    callAddress('kvm1', 'injectNmi'),
    answer<'injectNmi'>(() => null),
  );
  bus.onCall(
    callAddress('kvm1', 'setPassword'),
    answer<'setPassword'>(() => {
      throw conflict('QEMU guest agent is not enabled on this instance.');
    }),
  );
  const { id } = await launched(cloud);
  return { cloud, id, seen, path: `/v2.1/servers/${id}` };
}

test('diagnostics are counters by device until 2.47, and of one shape from 2.48 on; of a stopped server there are none', async (t) => {
  const { cloud, id, path } = await serverOnHost(t);
  const free = (await cloud.ask('GET', `${path}/diagnostics`)).body;
  assert.deepEqual([free.cpu0_time, free.vda_write_req, free.tap1_rx_bytes, free.memory], [1_000, 4, 5, 131_072]);
  const { body } = await cloud.ask('GET', `${path}/diagnostics`, { version: '2.48' });
  assert.deepEqual(
    [body.state, body.driver, body.num_disks, body.nic_details[0].tx_octets],
    ['running', 'libvirt', 1, 6],
  );
  assert.equal((await cloud.ask('GET', `${path}/diagnostics`, { role: 'member,reader' })).status, 403);
  await cloud.act(id, { 'os-stop': null });
  await cloud.ended(id);
  assert.equal((await cloud.ask('GET', `${path}/diagnostics`)).status, 409);
});

test('a crash dump is an interrupt since 2.17; a password without a guest agent is refused with its reason', async (t) => {
  const { cloud, id, seen } = await serverOnHost(t);
  assert.equal((await cloud.act(id, { trigger_crash_dump: null }, { version: '2.16' })).status, 404);
  assert.equal((await cloud.act(id, { trigger_crash_dump: null }, { version: '2.17' })).status, 202);
  const refused = await cloud.act(id, { changePassword: { adminPass: 'new' } });
  assert.deepEqual([refused.status, /guest agent/.test(refused.body.conflictingRequest.message)], [409, true]);
  assert.deepEqual(seen, [{ id }, { id, user: 'root', password: 'new' }]);
  assert.equal((await cloud.act(id, { injectNetworkInfo: null })).status, 202);
  assert.equal((await cloud.act(id, { resetNetwork: null })).status, 410);
});

test('a guest sends its password once, whoever may see it reads it, and clearing it lets the guest send another', async (t) => {
  const { cloud, id, path } = await serverOnHost(t);
  const [port] = [...cloud.network.ports.values()];
  const { tenant_id: projectId } = await cloud.show(id);
  const request = {
    serverId: id,
    projectId,
    portId: port?.id ?? '',
    address: '10.7.0.4',
    path: '/openstack/latest/password',
  };
  const post = async (posted: string) => (await getMetadata(cloud.compute, { ...request, posted })).status;
  assert.equal((await cloud.ask('GET', `${path}/os-server-password`)).body.password, '');
  assert.deepEqual([await post('x'.repeat(1_021)), await post('sealed'), await post('other')], [400, 200, 409]);
  assert.equal((await cloud.ask('GET', `${path}/os-server-password`)).body.password, 'sealed');
  assert.equal(
    (await getMetadata(cloud.compute, { ...request, path: '/openstack/latest/user_data', posted: 'x' })).status,
    404,
  );
  assert.equal((await cloud.ask('DELETE', `${path}/os-server-password`)).status, 204);
  assert.equal(await post('other'), 200);
});

test('a server without NUMA cells has an empty topology since 2.78', async (t) => {
  const { cloud, path } = await serverOnHost(t);
  assert.equal((await cloud.ask('GET', `${path}/topology`, { version: '2.77' })).status, 404);
  assert.deepEqual((await cloud.ask('GET', `${path}/topology`, { version: '2.78' })).body, {
    nodes: [],
    pagesize_kb: null,
  });
});
