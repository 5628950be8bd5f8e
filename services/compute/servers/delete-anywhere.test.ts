/** A delete in every state and during every task leaves nothing of the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComputeAgent } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { addVolume, type Cloud, cloudWithHost, until, volumeId } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

type Act = (cloud: Cloud, id: string) => Promise<unknown>;
const act =
  (body: object): Act =>
  (cloud, id) =>
    cloud.act(id, body, { version: '2.45' });
const attach: Act = (cloud, id) =>
  cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId } } });

/** Completed steps, and the request that is in progress when the delete arrives. */
const states: Readonly<Record<string, { readonly before?: readonly Act[]; readonly underWay?: Act }>> = {
  building: {},
  active: { before: [] },
  paused: { before: [act({ pause: null })] },
  stopped: { before: [act({ 'os-stop': null })] },
  error: { before: [act({ 'os-resetState': { state: 'error' } })] },
  'with a volume': { before: [attach] },
  stopping: { before: [], underWay: act({ 'os-stop': null }) },
  starting: { before: [act({ 'os-stop': null })], underWay: act({ 'os-start': null }) },
  pausing: { before: [], underWay: act({ pause: null }) },
  unpausing: { before: [act({ pause: null })], underWay: act({ unpause: null }) },
  rebooting: { before: [], underWay: act({ reboot: { type: 'SOFT' } }) },
  'rebooting hard': { before: [], underWay: act({ reboot: { type: 'HARD' } }) },
  'making an image': { before: [], underWay: act({ createImage: { name: 'q' } }) },
  'attaching a volume': { before: [], underWay: attach },
};

for (const [state, { before, underWay }] of Object.entries(states))
  test(`OSSA-2014-017, OSSA-2014-032, OSSA-2014-037, OSSA-2015-015, OSSA-2015-017, OSSA-2016-011: a server that is ${state} is deleted without leftovers`, async (t) => {
    let held = before === undefined ? Promise.withResolvers<void>() : undefined;
    const wait = async () => {
      await held?.promise;
    };
    const ensureGuest: ComputeAgent['ensureGuest'] = async ({ id, power }) => {
      await wait();
      return { id, power, machine: { type: 'q35', cpu: 'max', accelerator: 'tcg' }, devices: {} };
    };
    const { cloud } = await cloudWithHost(t, { ensureGuest, uploadSnapshot: wait });
    const images = cloud.images.all.size;
    addVolume(cloud);
    const { body } = await cloud.launch();
    const { id } = body.server;
    if (before !== undefined) await cloud.ended(id);
    for (const each of before ?? []) {
      await each(cloud, id);
      await until(async () => (await cloud.openTasks()) === 0);
    }
    if (underWay) {
      held = Promise.withResolvers<void>();
      await underWay(cloud, id);
    }
    assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${id}`)).status, 204);
    held?.resolve();
    await cloud.isGone(id);
    await until(async () => (await cloud.openTasks()) === 0);
    const left = {
      ports: cloud.network.ports.size,
      claims: cloud.placement.claims.size,
      attachments: cloud.volumes.attachments.size,
      volume: cloud.volumes.volumes.get(volumeId)?.status,
      images: cloud.images.all.size - images,
      rows: (await cloud.compute.db('attachments')).length + (await cloud.compute.db('interfaces')).length,
      used: (await cloud.ask('GET', '/v2.1/limits')).body.limits.absolute.totalInstancesUsed,
    };
    assert.deepEqual(left, { ports: 0, claims: 0, attachments: 0, volume: 'available', images: 0, rows: 0, used: 0 });
  });

test('OSSN-0094, FIX-NO-SWAPVOL: swapping volumes is refused to all roles', async (t) => {
  const { cloud } = await cloudWithHost(t);
  addVolume(cloud);
  const other = 'ffffffff-7a6e-40b1-ac43-8c00a3bf314a';
  addVolume(cloud, other);
  const { body } = await cloud.launch();
  const { id } = await cloud.ended(body.server.id);
  await attach(cloud, id);
  await until(async () => (await cloud.openTasks()) === 0);
  for (const role of ['member,reader', 'admin', 'admin,service']) {
    const swap = { version: '2.85', role, body: { volumeAttachment: { volumeId: other } } };
    const { status } = await cloud.ask('PUT', `/v2.1/servers/${id}/os-volume_attachments/${volumeId}`, swap);
    assert.ok([400, 403].includes(status), `${role}: ${status}`);
  }
  assert.equal(cloud.volumes.volumes.get(other)?.status, 'available');
});

test('OSSA-2012-003, OSSA-2012-009: oversized names and hints are refused with a short message', async (t) => {
  const { cloud } = await cloudWithHost(t);
  for (const length of [256, 100_000]) {
    const { status, body } = await cloud.launch({ name: 'n'.repeat(length) });
    assert.equal(status, 400);
    assert.ok(JSON.stringify(body).length < 1_000, 'a refusal repeats no more than its beginning');
  }
  assert.equal((await cloud.launch({ name: 'n'.repeat(10 << 20) })).status, 413);
  const many = Array.from({ length: 2_000 }, (_, at) => `ffffffff-ffff-4fff-bfff-${String(at).padStart(12, '0')}`);
  const server = { name: 'a', flavorRef: '42', imageRef: '', networks: 'none' };
  const notifiedOr = { server, 'os:scheduler_hints': { different_host: many } };
  const answer = await cloud.ask('POST', '/v2.1/servers', { version: '2.93', body: notifiedOr });
  assert.match(answer.body.badRequest.message, /different_host|items|hosts/);
});

test('OSSA-2017-002: the error of a host brings no secret into a row', async (t) => {
  const ensureGuest = async () => {
    throw new Fault(500, 'unexpected', 'The guest could not be started.', { details: 'QEMU ended at its start' });
  };
  const { cloud } = await cloudWithHost(t, { ensureGuest });
  addVolume(cloud);
  const disk = { source_type: 'volume', destination_type: 'volume', uuid: volumeId, boot_index: -1 };
  const planted = 'planted-in-a-failure';
  const { body } = await cloud.launch({ adminPass: planted, config_drive: true, block_device_mapping_v2: [disk] });
  const server = await cloud.ended(body.server.id);
  assert.equal(server.fault.message, 'The guest could not be started.');
  assert.equal(server.fault.details, 'Host kvm1: QEMU ended at its start');
  const own = await cloud.ask('GET', `/v2.1/servers/${server.id}`, { role: 'member,reader', version: '2.93' });
  assert.equal('details' in own.body.server.fault, false, 'an owner learns no more than the reason');
  const actions = await cloud.ask('GET', `/v2.1/servers/${server.id}/os-instance-actions`, { role: 'reader' });
  assert.doesNotMatch(JSON.stringify([own.body, actions.body]), /kvm1|QEMU/);
  for (const table of ['servers', 'actions', 'tasks', 'host_work'])
    assert.doesNotMatch(JSON.stringify(await cloud.compute.db(table)), /planted-in|chap-of/);
});

test('OSSA-2014-038: an address filter is plain text in SQL, never a pattern', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { body } = await cloud.launch();
  const { addresses } = await cloud.ended(body.server.id);
  const ask = async (ip: string) =>
    (await cloud.ask('GET', `/v2.1/servers?ip=${encodeURIComponent(ip)}`)).body.servers.length;
  assert.equal(await ask(addresses.blue[0].addr), 1);
  assert.equal(await ask(`${'(1+)+'.repeat(5_00)}$`), 0);
});
