import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { Fault } from '#shared/errors/fault.ts';
import {
  addVolume,
  cloudWithHost,
  imageId,
  launched,
  startCloud,
  until,
  volumeId,
} from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('without a host a server is in ERROR with the reason', async (t) => {
  const cloud = await startCloud(t);
  const { fault, status } = await launched(cloud);
  assert.equal(status, 'ERROR');
  assert.equal(fault.message, 'No valid host was found. There is no compute host.');
});

test('a server that no host has room for takes no action but its removal', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await launched(cloud);
  addVolume(cloud);
  const act = (body: object) => cloud.ask('POST', `/v2.1/servers/${id}/action`, { body });
  const actions = [
    { reboot: { type: 'HARD' } },
    { 'os-stop': null },
    { shelve: null },
    { createBackup: { name: 'b', backup_type: 'daily', rotation: 1 } },
  ];
  for (const body of actions) assert.equal((await act(body)).status, 409, JSON.stringify(body));
  await act({ 'os-resetState': { state: 'active' } });
  for (const body of [...actions, { pause: null }, { suspend: null }]) {
    const { status, body: answer } = await act(body);
    assert.equal(status, 409, JSON.stringify(body));
    assert.match(answer.conflictingRequest.message, /^Instance \S+ (is not ready|has no host)/);
  }
  const attached = await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, {
    body: { volumeAttachment: { volumeId } },
  });
  assert.equal(attached.status, 409);
  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${id}`)).status, 204);
  await cloud.isGone(id);
});

test('a server becomes ACTIVE on a host, and a delete leaves nothing of it', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const server = await launched(cloud);
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server.fault));
  const [port] = [...cloud.network.ports.values()];
  assert.equal(port?.device_id, server.id);
  assert.equal(port?.['binding:host_id'], 'kvm1');
  assert.equal(server.addresses.blue[0].addr, port?.fixed_ips[0]?.ip_address);
  assert.deepEqual(server.security_groups, [{ name: 'default' }]);
  assert.deepEqual(cloud.placement.claims.get(server.id)?.resources, { VCPU: 1, MEMORY_MB: 128, DISK_GB: 1 });
  const guest = agent.guests.get(server.id);
  assert.equal(guest?.disks[0]?.id, 'root');
  assert.equal(guest?.nics[0]?.portId, port?.id);

  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${server.id}`)).status, 204);
  await cloud.isGone(server.id);
  assert.equal(agent.guests.size, 0);
  assert.equal(cloud.network.ports.size, 0);
  assert.equal(cloud.placement.claims.size, 0);
  assert.equal(await cloud.openTasks(), 0);
  const usage = await cloud.ask('GET', '/v2.1/limits');
  assert.equal(usage.body.limits.absolute.totalInstancesUsed, 0);
});

test('a server that is deleted while its port is being created leaves no port', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { createPort } = cloud.network;
  cloud.network.createPort = (...[options, signal]: [...Parameters<typeof createPort>, AbortSignal?]) => {
    asked.resolve();
    const aborted = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => aborted.reject(signal.reason));
    return Promise.race([answered.promise.then(() => createPort(options)), aborted.promise]);
  };
  const { id } = (await cloud.launch({})).body.server;
  await asked.promise;
  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${id}`)).status, 204);
  for (let asks = 0; asks < 40; asks += 1) await cloud.ask('GET', `/v2.1/servers/${id}`);
  answered.resolve();
  await cloud.isGone(id);
  assert.equal(cloud.network.ports.size, 0);
});

test('a host that is too small is named with its numbers, and an administrator reads the decision later', async (t) => {
  const { cloud } = await cloudWithHost(t, {}, 'kvm1', { ramMb: 1024 });
  const { fault, id } = await launched(cloud, { flavorRef: '3' });
  assert.match(fault.message, /Asked for: 2 VCPU, 4096 MB .* Hosts: 1 without enough room\.$/);
  assert.equal(
    fault.details,
    'No valid host was found. Host kvm1: 4096 MB of memory (MEMORY_MB) asked, 512 free of 512.',
  );
  const actions = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`);
  const path = `/v2.1/servers/${id}/os-instance-actions/${actions.body.instanceActions[0].request_id}`;
  const { body } = await cloud.ask('GET', path, { version: '2.84' });
  const [, choice] = body.instanceAction.events;
  assert.match(choice.details, /^No host was chosen of 1\. kvm1: refused, 4096 MB of memory/);
  const owner = await cloud.ask('GET', path, { version: '2.84', role: 'member,reader' });
  assert.equal(owner.body.instanceAction.events.length, 1);
});

test('a host that refuses leaves the server in ERROR with its reason and no resources', async (t) => {
  const refuse = async () => {
    throw new Fault(501, 'notImplemented', 'there is no KVM here.');
  };
  const { cloud, agent } = await cloudWithHost(t, { ensureGuest: refuse });
  addVolume(cloud);
  const mapping = [{ uuid: volumeId, source_type: 'volume', destination_type: 'volume', boot_index: -1 }];
  const { status, fault } = await launched(cloud, { block_device_mapping_v2: mapping });
  assert.equal(status, 'ERROR');
  assert.equal(fault.message, 'there is no KVM here.');
  assert.equal(fault.details, 'Host kvm1: there is no KVM here.');
  assert.equal(agent.guests.size + cloud.network.ports.size + cloud.placement.claims.size, 0);
  assert.equal(cloud.volumes.volumes.get(volumeId)?.status, 'available');
});

test('a delete in the middle of a build leaves nothing of it', async (t) => {
  const midway = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const { cloud, agent } = await cloudWithHost(t, {
    ensureGuest: async (input) => {
      reached.resolve();
      await midway.promise;
      const machine = { type: 'q35', cpu: 'max', accelerator: 'tcg' } as const;
      return { id: input.id, power: 'on', machine, devices: {} };
    },
  });
  const { body } = await cloud.launch();
  await reached.promise;
  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${body.server.id}`)).status, 204);
  midway.resolve();
  await cloud.isGone(body.server.id);
  assert.equal(agent.guests.size + cloud.network.ports.size + cloud.placement.claims.size, 0);
  assert.equal(await cloud.openTasks(), 0);
});

test('a host that stays down: ERROR names it for administrators, and delete works', async (t) => {
  const cloud = await startCloud(t, { config: { answerMs: 60, copyMs: 60 } });
  const host = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  await host.close();
  const server = await launched(cloud);
  assert.equal(server.status, 'ERROR');
  assert.equal(server.fault.message, 'The host did not answer within 0.06 s.');
  assert.equal(server.fault.details, 'Host kvm1 did not answer within 0.06 s.');
  await cloud.ask('DELETE', `/v2.1/servers/${server.id}`);
  await cloud.isGone(server.id);
});

test('tasks complete when every notification is lost', async (t) => {
  const cloud = await startCloud(t, { bus: { ...memoryBus(), notify: () => {} } });
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  assert.equal((await launched(cloud)).status, 'ACTIVE');
});

test('a server stops, starts, reboots, pauses and resumes; each is a successful action', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const after = async (body: object) => {
    assert.equal((await cloud.act(id, body)).status, 202, JSON.stringify(body));
    const { status } = await cloud.ended(id);
    return [status, agent.guests.get(id)?.power];
  };
  assert.deepEqual(await after({ 'os-stop': null }), ['SHUTOFF', 'off']);
  assert.deepEqual(await after({ 'os-start': null }), ['ACTIVE', 'on']);
  const mark = agent.guests.get(id)?.boot.mark;
  assert.deepEqual(await after({ reboot: { type: 'SOFT' } }), ['ACTIVE', 'on']);
  assert.equal(agent.guests.get(id)?.boot.kind, 'soft');
  assert.notEqual(agent.guests.get(id)?.boot.mark, mark);
  assert.deepEqual(await after({ reboot: { type: 'HARD' } }), ['ACTIVE', 'on']);
  assert.deepEqual(await after({ pause: null }), ['PAUSED', 'paused']);
  assert.deepEqual(await after({ unpause: null }), ['ACTIVE', 'on']);
  const { body } = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`, { version: '2.84' });
  const names = body.instanceActions.map(({ action }: { action: string }) => action).reverse();
  assert.deepEqual(names, ['create', 'stop', 'start', 'reboot', 'reboot', 'pause', 'unpause']);
  const [last] = body.instanceActions;
  const one = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions/${last.request_id}`, { version: '2.84' });
  assert.equal(one.body.instanceAction.events[0].result, 'Success');
});

test('an action that the state does not allow is a 409 that names the state', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const answer = await cloud.act(id, { 'os-start': null });
  const message = `Cannot 'start' instance ${id} while it is in vm_state active`;
  assert.deepEqual(answer.body, { conflictingRequest: { code: 409, message } });
});

test('a guest that powered itself off is SHUTOFF, with an instance action', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  agent.send(id, 'off', 'powered off from inside');
  await until(async () => (await cloud.show(id)).status === 'SHUTOFF');
  const { body } = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`, { version: '2.84' });
  assert.equal(body.instanceActions[0].action, 'stop');
  assert.equal(body.instanceActions[0].message, 'powered off from inside');
});

test('a server boots from a volume created from an image, which is deleted with it if requested', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const mapping = {
    uuid: imageId,
    source_type: 'image',
    destination_type: 'volume',
    boot_index: 0,
    volume_size: 2,
    delete_on_termination: true,
  };
  const server = await launched(cloud, { imageRef: '', block_device_mapping_v2: [mapping] });
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server.fault));
  assert.equal(server.image, '');
  const [volume] = [...cloud.volumes.volumes.values()];
  assert.equal(agent.guests.get(server.id)?.disks[0]?.id, volume?.id);
  assert.equal(agent.guests.get(server.id)?.disks[0]?.bootIndex, 0);
  assert.equal(cloud.placement.claims.get(server.id)?.resources.DISK_GB, undefined);
  await cloud.ask('DELETE', `/v2.1/servers/${server.id}`);
  await cloud.isGone(server.id);
  assert.equal(cloud.volumes.volumes.size, 0);
});

test('a snapshot is an image with the data of the root disk', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost({
    uploadSnapshot: async ({ imageId: to }) => {
      const image = await cloud.images.show(to);
      cloud.images.all.set(to, { ...image, status: 'active' });
    },
  });
  await until(() => cloud.placement.providers.size === 1);
  const { id } = await launched(cloud);
  const { status, body } = await cloud.act(id, { createImage: { name: 'snap' } }, { version: '2.45' });
  assert.equal(status, 202);
  await cloud.ended(id);
  assert.equal(cloud.images.all.get(body.image_id)?.status, 'active');
  const old = await cloud.act(id, { createImage: { name: 'snap' } });
  assert.match(old.headers.get('location') ?? '', /\/images\/[0-9a-f-]{36}$/);
});

test('a locked server refuses its owner, not an administrator', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  await cloud.act(id, { lock: { locked_reason: 'mine' } }, { version: '2.73', role: 'member' });
  assert.equal((await cloud.show(id)).locked_reason, 'mine');
  const refused = await cloud.act(id, { 'os-stop': null }, { role: 'member' });
  assert.deepEqual([refused.status, refused.body.conflictingRequest.message], [409, `Instance ${id} is locked`]);
  assert.equal((await cloud.act(id, { 'os-stop': null })).status, 202);
});

test("another project's server is 404, except for an administrator", async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const status = async (role: string, project: string) =>
    (await cloud.ask('GET', `/v2.1/servers/${id}`, { role, project })).status;
  assert.equal(await status('member,reader', 'other'), 404);
  assert.equal(await status('admin', 'other'), 200);
  assert.equal(await status('reader', 'f8166a312b1847b3bca037ce0ff7f694'), 200);
});

test('a volume that cannot be deleted does not block the delete of its server; one that is being created is waited for', async (t) => {
  const { cloud } = await cloudWithHost(t);
  addVolume(cloud, volumeId, { bootable: 'true' });
  const making = 'eeeeeeee-7a6e-40b1-ac43-8c00a3bf314a';
  addVolume(cloud, making);
  const disks = [volumeId, making].map((uuid, at) => ({
    boot_index: at === 0 ? 0 : -1,
    source_type: 'volume',
    destination_type: 'volume',
    uuid,
    delete_on_termination: true,
  }));
  const { id } = await launched(cloud, { imageRef: '', block_device_mapping_v2: disks });
  let looks = 0;
  const { remove, show } = cloud.volumes;
  Object.assign(cloud.volumes, {
    remove: async (volume: string) => {
      if (volume === volumeId) throw new Fault(400, 'badRequest', 'Invalid volume: it has a snapshot.');
      if (looks < 2) throw new Fault(400, 'badRequest', 'Invalid volume: it is downloading.');
      return remove(volume);
    },
    show: async (volume: string, token?: string) => {
      const found = await show(volume, token);
      return volume === making && looks++ < 2 ? { ...found, status: 'downloading' } : found;
    },
  });
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.deepEqual([...cloud.volumes.volumes.keys()], [volumeId], 'it stays its owner’s');
});

for (const end of ['a delete', 'a reset of its state'])
  test(`a queued image is removed when ${end} cancels its snapshot`, async (t) => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const uploadSnapshot = async () => {
      begun.resolve();
      await held.promise;
    };
    const { cloud } = await cloudWithHost(t, { uploadSnapshot });
    const { id } = await launched(cloud);
    const { body } = await cloud.act(id, { createImage: { name: 'q' } }, { version: '2.45' });
    await begun.promise;
    if (end === 'a delete') await cloud.ask('DELETE', `/v2.1/servers/${id}`);
    else await cloud.act(id, { 'os-resetState': { state: 'active' } });
    await until(() => !cloud.images.all.has(body.image_id));
    held.resolve();
    await until(async () => (await cloud.openTasks()) === 0);
  });
