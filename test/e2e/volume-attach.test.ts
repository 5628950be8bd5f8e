/** Attachments over HTTP: reserve, connect, complete, detach. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { startVolumes, until } from './volume-cloud.ts';

async function cloudWithVolume(t: Parameters<typeof startVolumes>[0], driver: object = {}, config: object = {}) {
  const cloud = await startVolumes(t, config);
  const host = cloud.startHost(driver);
  await until(async () => (await cloud.ask('GET', '/v3/os-services?binary=cinder-volume')).body.services.length === 1);
  const { id } = await cloud.createAndWait();
  return { cloud, host, id };
}

test('a volume is reserved, connected with a CHAP account of its own, attached, and available again', async (t) => {
  const { cloud, host, id } = await cloudWithVolume(t);
  const serverId = randomUUID();
  const reserved = await cloud.reserve(id, serverId);
  assert.equal(reserved.status, 200);
  assert.deepEqual([reserved.body.attachment.status, (await cloud.show(id)).status], ['reserved', 'reserved']);
  assert.deepEqual(reserved.body.attachment.connection_info, {});
  const { id: attachmentId } = reserved.body.attachment;
  const connected = await cloud.connect(attachmentId);
  const info = connected.body.attachment.connection_info;
  assert.equal(info.driver_volume_type, 'iscsi');
  assert.equal(info.target_portal, '127.0.0.1:3260');
  assert.equal(info.auth_method, 'CHAP');
  assert.ok(info.auth_password.length >= 16 && info.auth_username.length >= 12);
  assert.deepEqual((await cloud.connect(attachmentId)).body.attachment.connection_info, info);
  assert.equal((await cloud.complete(attachmentId)).status, 204);
  const volume = await cloud.show(id);
  assert.equal(volume.status, 'in-use');
  assert.deepEqual(
    [volume.attachments[0].server_id, volume.attachments[0].device, volume.attachments[0].host_name],
    [serverId, '/dev/vdb', 'kvm1'],
  );
  const mine = await cloud.ask('GET', `/v3/attachments/detail?all_tenants=1&instance_id=${serverId}&volume_id=${id}`, {
    version: '3.54',
  });
  assert.deepEqual(
    mine.body.attachments.map((each: { id: string }) => each.id),
    [attachmentId],
  );
  const gone = await cloud.ask('DELETE', `/v3/attachments/${attachmentId}`, { version: '3.54', service: true });
  assert.deepEqual([gone.status, gone.body], [200, { attachments: [] }]);
  assert.equal((await cloud.show(id)).status, 'available');
  assert.equal(
    await host.agent.ensureVolume({ id, sizeGb: 1, source: { kind: 'blank' } }).then(() => 'not exported'),
    'not exported',
  );
});

test('concurrent connects of one attachment get the same connection', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const both = [cloud.connect(attachment.id), cloud.connect(attachment.id)];
  const answers = (await Promise.all(both)).filter(({ status }) => status === 200);
  assert.ok(answers.length > 0);
  const again = await cloud.connect(attachment.id);
  assert.deepEqual(again.body.attachment.connection_info, answers[0]?.body.attachment.connection_info);
});

test('a repeated connect while the host is away returns the existing connection', async (t) => {
  const { cloud, host, id } = await cloudWithVolume(t, {}, { answerMs: 300 });
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const first = await cloud.connect(attachment.id);
  await host.close();
  const again = await cloud.connect(attachment.id);
  assert.deepEqual(again.body, first.body);
  assert.deepEqual(await cloud.db('host_work').where({ outcome: null }), []);
});

test('OSSA-2023-003, OSSN-0092: only a service detaches a volume that a server uses', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  await cloud.connect(attachment.id);
  await cloud.complete(attachment.id);
  cloud.used.set(attachment.instance, attachment.id);
  const refused = await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, { version: '3.54' });
  assert.equal(refused.status, 409);
  assert.match(refused.body.conflictingRequest.message, /Detach volume from instance .* using the Compute API/);
  assert.equal((await cloud.act(id, { 'os-detach': { attachment_id: attachment.id } })).status, 409);
  assert.equal((await cloud.show(id)).status, 'in-use');
  assert.match(
    (await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).body.badRequest.message,
    /must not be migrating, attached/,
  );
});

test('any member deletes an attachment that compute does not know', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  await cloud.connect(attachment.id);
  await cloud.complete(attachment.id);
  const { status } = await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, { version: '3.54' });
  assert.equal(status, 200);
  assert.equal((await cloud.show(id)).status, 'available');
});

test('any member deletes an attachment that is only reserved', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const { status } = await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, {
    version: '3.54',
    role: 'member,reader',
  });
  assert.equal(status, 200);
  assert.equal((await cloud.show(id)).status, 'available');
});

test('a volume is attached to one server at a time, unless its type is multiattach', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  assert.equal((await cloud.reserve(id, randomUUID())).status, 200);
  const second = await cloud.reserve(id, randomUUID());
  assert.match(second.body.badRequest.message, /status must be available .* but the current status is reserved/);
  const type = { name: 'shared', extra_specs: { multiattach: '<is> True' } };
  await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: type } });
  const { id: shared } = await cloud.createAndWait({ volume_type: 'shared' });
  const first = (await cloud.reserve(shared, randomUUID())).body.attachment;
  await cloud.connect(first.id);
  await cloud.complete(first.id);
  const other = (await cloud.reserve(shared, randomUUID())).body.attachment;
  assert.equal((await cloud.connect(other.id, 'kvm2')).status, 200);
  await cloud.complete(other.id);
  assert.equal((await cloud.show(shared)).attachments.length, 2);
  await cloud.ask('DELETE', `/v3/attachments/${first.id}`, { version: '3.54', service: true });
  assert.equal((await cloud.show(shared)).status, 'in-use');
});

test('a migrating server has two attachments of one volume', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const serverId = randomUUID();
  const first = (await cloud.reserve(id, serverId)).body.attachment;
  await cloud.connect(first.id);
  await cloud.complete(first.id);
  const second = await cloud.reserve(id, serverId);
  assert.equal(second.status, 200);
  assert.equal((await cloud.connect(second.body.attachment.id, 'kvm2')).status, 200);
  await cloud.ask('DELETE', `/v3/attachments/${first.id}`, { version: '3.54', service: true });
  await cloud.complete(second.body.attachment.id);
  assert.equal((await cloud.show(id)).status, 'in-use');
});

test('a failed export is reported with its reason, and the attachment can be deleted', async (t) => {
  const ensureGrant = async () => {
    throw new Fault(501, 'notImplemented', 'tgtd is not installed here');
  };
  const { cloud, id } = await cloudWithVolume(t, { ensureGrant });
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const { status, body } = await cloud.connect(attachment.id);
  assert.equal(status, 500);
  assert.match(body.computeFault.message, /Unable to update attachment.*tgtd is not installed/);
  assert.equal(
    (await cloud.ask('GET', `/v3/attachments/${attachment.id}`, { version: '3.54' })).body.attachment.status,
    'error_attaching',
  );
  await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, { version: '3.54' });
  assert.equal((await cloud.show(id)).status, 'available');
});

test('a host that is away: the detach succeeds, and the export is removed when the host returns', async (t) => {
  const { cloud, host, id } = await cloudWithVolume(t, {}, { answerMs: 300 });
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  await cloud.connect(attachment.id);
  await host.close();
  const { status } = await cloud.ask('DELETE', `/v3/attachments/${attachment.id}`, { version: '3.54', service: true });
  assert.equal(status, 200);
  assert.equal((await cloud.show(id)).status, 'available');
  const [waiting] = await cloud.db('host_work').where({ outcome: null });
  assert.equal(waiting.verb, 'ensureGrantGone');
});
