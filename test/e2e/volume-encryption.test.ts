/** Encrypted volumes: the encryption of types, and what becomes of keys. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { rowsHolding } from '../fakes/planted.ts';
import { type Asked, startVolumes, until, waitForHosts } from './volume-cloud.ts';

const luks = { provider: 'luks', control_location: 'front-end', cipher: 'aes-xts-plain64', key_size: 512 };

/** With a type `secret`, and what the storage host was asked to make. */
async function encryptedCloud(t: TestContext, encryption: object = luks) {
  const cloud = await startVolumes(t);
  const made: VolumeSpec[] = [];
  const { agent } = cloud.startHost({
    ensureVolume: async (spec) => {
      made.push(spec);
      return agent.ensureVolume(spec);
    },
  });
  await waitForHosts(cloud, 1);
  const newType = async (name: string, more: object = {}) =>
    (await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: { name, ...more } } })).body.volume_type.id;
  const typeId = await newType('secret');
  const path = `${cloud.at}/types/${typeId}/encryption`;
  await cloud.ask('POST', path, { body: { encryption } });
  return { cloud, made, path, typeId, newType, encrypted: () => cloud.createAndWait({ volume_type: 'secret' }) };
}

const at = '3.70';
const member: Asked = { role: 'member,reader', version: at };
const service: Asked = { role: 'admin,service', project: 'service-project', version: at };

test('the encryption of a type is created, shown, changed and deleted, while it has no volumes', async (t) => {
  const { cloud, newType } = await encryptedCloud(t);
  const path = `${cloud.at}/types/${await newType('other')}/encryption`;
  const ask = (method: string, more = '', body?: object) => cloud.ask(method, path + more, { body });
  assert.deepEqual([(await ask('GET')).body, (await ask('DELETE', '/x')).status], [{}, 404]);
  assert.equal((await ask('PUT', '/x', { encryption: { key_size: 256 } })).status, 404);
  assert.equal((await ask('POST', '', { encryption: { provider: 'luks' } })).status, 400);
  const { status, body } = await ask('POST', '', { encryption: { ...luks, key_size: '256' } });
  const { encryption_id: id } = body.encryption;
  assert.deepEqual([status, body.encryption.key_size, body.encryption.provider], [200, 256, 'luks']);
  assert.match((await ask('POST', '', { encryption: luks })).body.badRequest.message, /already exists/);
  assert.deepEqual((await ask('PUT', `/${id}`, { encryption: { key_size: 512 } })).status, 200);
  const shown = (await ask('GET')).body;
  assert.deepEqual([shown.encryption_id, shown.key_size, shown.deleted, shown.deleted_at], [id, 512, false, null]);
  assert.deepEqual((await ask('GET', '/cipher')).body, { cipher: 'aes-xts-plain64' });
  assert.equal((await ask('GET', '/__proto__')).status, 404);
  assert.equal((await cloud.ask('GET', path, member)).status, 403);
  await cloud.createAndWait({ volume_type: 'other' });
  for (const [method, verb] of [['PUT', 'update'] as const, ['DELETE', 'delete'] as const])
    assert.match(
      (await ask(method, `/${id}`, { encryption: {} })).body.badRequest.message,
      new RegExp(`^Cannot ${verb} `),
    );
  for (const { id: volumeId } of (await cloud.ask('GET', `${cloud.at}/volumes`)).body.volumes) {
    await cloud.ask('DELETE', `${cloud.at}/volumes/${volumeId}`);
    await cloud.isGone(`/volumes/${volumeId}`);
  }
  assert.deepEqual([(await ask('DELETE', `/${id}`)).status, (await ask('GET')).body], [202, {}]);
});

test('OSSN-0063: the key of an encrypted volume is sealed in its row, is given to hosts and services alone, and is destroyed with the volume', async (t) => {
  const { cloud, made, encrypted } = await encryptedCloud(t);
  const volume = await encrypted();
  assert.deepEqual([volume.status, volume.encrypted, typeof volume.encryption_key_id], ['available', true, 'string']);
  assert.equal((await cloud.show(volume.id, '3.63')).encryption_key_id, undefined);
  const { keyBits, secret = '' } = made[0]?.encryption ?? {};
  assert.deepEqual([keyBits, /^[0-9a-f]{128}$/.test(secret)], [512, true]);
  assert.deepEqual(await rowsHolding(cloud.db, [secret]), []);
  const { attachment } = (await cloud.reserve(volume.id, randomUUID())).body;
  const path = `/v3/attachments/${attachment.id}`;
  const body = { attachment: { connector: { initiator: 'iqn.2026-11.cloud.wattle:kvm1', host: 'kvm1' } } };
  for (const [asked, key] of [
    [member, undefined],
    [{ role: 'admin,member,reader', version: at }, undefined],
    [service, secret],
  ] as const) {
    const info = (await cloud.ask('PUT', path, { ...asked, body })).body.attachment.connection_info;
    assert.deepEqual([info.encrypted, info.encryption_key], [true, key], asked.role ?? '');
    const read = (await cloud.ask('GET', path, asked)).body.attachment.connection_info;
    assert.equal(read.encryption_key, key);
  }
  assert.deepEqual(await rowsHolding(cloud.db, [secret]), []);
  const metadata = await cloud.ask('GET', `${cloud.at}/volumes/${volume.id}/encryption`, member);
  assert.deepEqual(metadata.body, { ...luks, encryption_key_id: volume.encryption_key_id });
  const item = await cloud.ask('GET', `${cloud.at}/volumes/${volume.id}/encryption/cipher`, member);
  assert.equal(item.body, luks.cipher);
  await cloud.ask('DELETE', path, { ...service });
  await cloud.ask('DELETE', `${cloud.at}/volumes/${volume.id}`);
  await cloud.isGone(`/volumes/${volume.id}`);
  assert.deepEqual(await cloud.db('encryptionKeys').select(), []);
});

test('a copy of an encrypted volume has the same key under an id of its own, and keeps the encryption', async (t) => {
  const { cloud, made, encrypted } = await encryptedCloud(t);
  const source = await encrypted();
  const { snapshot } = (await cloud.snapshot(source.id)).body;
  await cloud.waitUntilStable(source.id);
  for (const from of [{ source_volid: source.id }, { snapshot_id: snapshot.id }]) {
    const copy = await cloud.createAndWait(from);
    assert.deepEqual([copy.status, copy.encrypted, copy.volume_type], ['available', true, 'secret']);
    assert.notEqual(copy.encryption_key_id, source.encryption_key_id);
    const refused = await cloud.create({ ...from, volume_type: '__DEFAULT__' });
    assert.match(refused.body.badRequest.message, /requested type is not compatible/);
  }
  assert.deepEqual(
    made.slice(1).map(({ encryption }) => encryption),
    [undefined, undefined],
  );
  const keys = await cloud.db('encryptionKeys').select('sealedKey');
  assert.deepEqual([keys.length, new Set(keys.map(({ sealedKey }) => sealedKey)).size], [3, 1]);
  const plain = await cloud.createAndWait();
  const wrong = await cloud.create({ source_volid: plain.id, volume_type: 'secret' });
  assert.match(wrong.body.badRequest.message, /requested type is not compatible/);
});

test('an encrypted volume is transferred from 3.70, with its snapshots and its key', async (t) => {
  const { cloud, encrypted } = await encryptedCloud(t);
  const { id } = await encrypted();
  const offer = (version: string, more: object = {}) =>
    cloud.ask('POST', `${cloud.at}/volume-transfers`, { version, body: { transfer: { volume_id: id, ...more } } });
  assert.match((await offer('3.69')).body.badRequest.message, /transferring encrypted volume is not supported/);
  assert.match((await offer(at, { no_snapshots: true })).body.badRequest.message, /without its snapshots/);
  const { transfer } = (await offer(at)).body;
  const accept = { accept: { auth_key: transfer.auth_key } };
  const path = `/v3/volume-transfers/${transfer.id}/accept`;
  const accepted = await cloud.ask('POST', path, { version: at, project: 'another', body: accept });
  assert.equal(accepted.status, 202);
  assert.deepEqual(await cloud.db('encryptionKeys').pluck('projectId'), ['another']);
});

test('a backup of an encrypted volume keeps the key, which its restores get', async (t) => {
  const { cloud, encrypted } = await encryptedCloud(t);
  const [source, other, plain] = [await encrypted(), await encrypted(), await cloud.createAndWait()];
  const ask = (method: string, path: string, body?: object) =>
    cloud.ask(method, `${cloud.at}/backups${path}`, { version: at, body });
  const backUp = async (volumeId: string) => {
    const { id } = (await ask('POST', '', { backup: { volume_id: volumeId } })).body.backup;
    await until(async () => (await ask('GET', `/${id}`)).body.backup.status === 'available');
    return (await ask('GET', `/${id}`)).body.backup;
  };
  const [backup, ofPlain] = [await backUp(source.id), await backUp(plain.id)];
  assert.deepEqual([typeof backup.encryption_key_id, ofPlain.encryption_key_id], ['string', undefined]);
  const sealed = async (id: string) => (await cloud.db('encryptionKeys').where({ id }).first('sealedKey')).sealedKey;
  const keyOf = async (volumeId: string) => sealed((await cloud.show(volumeId)).encryption_key_id);
  const key = await keyOf(source.id);
  assert.match((await ask('GET', `/${backup.id}/export_record`)).body.badRequest.message, /its key does not leave/);
  const restore = (id: string, volumeId?: string) =>
    ask('POST', `/${id}/restore`, { restore: { volume_id: volumeId } });
  for (const [id, volumeId] of [
    [backup.id, plain.id],
    [ofPlain.id, source.id],
  ])
    assert.match((await restore(id, volumeId)).body.badRequest.message, /in contrast to volume/);
  assert.notEqual(await keyOf(other.id), key);
  assert.equal((await restore(backup.id, other.id)).status, 202);
  assert.equal((await cloud.waitUntilStable(other.id)).status, 'available');
  assert.equal(await keyOf(other.id), key);
  const made = await cloud.waitUntilStable((await restore(backup.id)).body.restore.volume_id);
  assert.deepEqual([made.status, made.volume_type, await keyOf(made.id)], ['available', 'secret', key]);
  const fresh = await encrypted();
  await cloud.snapshot(fresh.id);
  await cloud.waitUntilStable(fresh.id);
  assert.match((await restore(backup.id, fresh.id)).body.badRequest.message, /another key than the snapshots/);
  await ask('DELETE', `/${backup.id}`);
  await cloud.isGone(`/backups/${backup.id}`);
  assert.equal(await cloud.db('encryptionKeys').where({ id: backup.encryption_key_id }).first(), undefined);
});

test('what encryption does not support is refused by name', async (t) => {
  const { cloud, encrypted, newType } = await encryptedCloud(t);
  const { id } = await encrypted();
  const plain = await cloud.createAndWait();
  const upload = { 'os-volume_upload_image': { image_name: 'copy' } };
  assert.match((await cloud.act(id, upload)).body.badRequest.message, /is encrypted: no image is made of it/);
  for (const [volumeId, type] of [
    [id, '__DEFAULT__'],
    [plain.id, 'secret'],
  ]) {
    const retyped = await cloud.act(volumeId, { 'os-retype': { new_type: type } });
    assert.match(retyped.body.badRequest.message, /differs in its encryption/);
  }
  const unusual = { provider: 'SomeProvider', cipher: 'aes-cbc-essiv', key_size: 192, control_location: 'back-end' };
  for (const [name, value] of Object.entries(unusual)) {
    const encryption = { ...luks, [name]: value };
    const type = await newType(`with another ${name}`);
    assert.equal(
      (await cloud.ask('POST', `${cloud.at}/types/${type}/encryption`, { body: { encryption } })).status,
      200,
    );
    const refused = await cloud.create({ volume_type: type });
    assert.ok(refused.body.badRequest.message.includes(String(value)), refused.body.badRequest.message);
  }
  const shared = await newType('shared', { extra_specs: { multiattach: '<is> True' } });
  await cloud.ask('POST', `${cloud.at}/types/${shared}/encryption`, { body: { encryption: luks } });
  assert.match((await cloud.create({ volume_type: 'shared' })).body.badRequest.message, /Multiattach cannot be used/);
});
