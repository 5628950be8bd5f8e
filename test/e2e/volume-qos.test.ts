/** QoS specs, and the types of volumes of projects that name none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initiator, startVolumes, type VolumeCloud, waitForHosts } from './volume-cloud.ts';

async function createType({ ask, at }: VolumeCloud, name: string, more: object = {}): Promise<string> {
  const { body } = await ask('POST', `${at}/types`, { body: { volume_type: { name, ...more } } });
  return body.volume_type.id;
}

async function createQos({ ask, at }: VolumeCloud, input: object): Promise<string> {
  const { status, body } = await ask('POST', `${at}/qos-specs`, { body: { qos_specs: { name: 'slow', ...input } } });
  assert.equal(status, 200);
  return body.qos_specs.id;
}

test('QoS specs get keys, lose them, and are deleted once no type has them', async (t) => {
  const cloud = await startVolumes(t);
  const { ask, at } = cloud;
  const id = await createQos(cloud, { consumer: 'front-end', read_iops_sec: '100' });
  const one = `${at}/qos-specs/${id}`;
  await ask('PUT', one, { body: { qos_specs: { total_bytes_sec: '5', consumer: 'both' } } });
  const { qos_specs: shown, links } = (await ask('GET', one)).body;
  assert.deepEqual(shown, {
    id,
    name: 'slow',
    consumer: 'both',
    specs: { read_iops_sec: '100', total_bytes_sec: '5' },
  });
  assert.equal(links.length, 2);
  assert.equal((await ask('PUT', `${one}/delete_keys`, { body: { keys: ['total_bytes_sec'] } })).status, 202);
  assert.equal((await ask('PUT', `${one}/delete_keys`, { body: { keys: ['total_bytes_sec'] } })).status, 404);
  assert.deepEqual((await ask('GET', one)).body.qos_specs.specs, { read_iops_sec: '100' });

  const type = await createType(cloud, 'gold');
  assert.equal((await ask('GET', `${one}/associate?vol_type_id=${type}`)).status, 202);
  assert.deepEqual((await ask('GET', `${one}/associations`)).body.qos_associations, [
    { association_type: 'volume_type', id: type, name: 'gold' },
  ]);
  assert.equal((await ask('GET', `${at}/types/${type}`)).body.volume_type.qos_specs_id, id);
  assert.equal((await ask('DELETE', one)).status, 400);
  assert.equal((await ask('GET', `${one}/disassociate?vol_type_id=${type}`)).status, 202);
  assert.equal((await ask('DELETE', one)).status, 202);
  assert.equal((await ask('GET', one)).status, 404);
});

test('names of QoS specs are unique, consumers are known, and a type has at most one', async (t) => {
  const cloud = await startVolumes(t);
  const { ask, at } = cloud;
  const [one, other] = [await createQos(cloud, {}), await createQos(cloud, { name: 'fast' })];
  const post = (qos_specs: object) => ask('POST', `${at}/qos-specs`, { body: { qos_specs } });
  assert.equal((await post({ name: 'slow' })).status, 409);
  assert.equal((await post({ name: 'x', consumer: 'nobody' })).status, 400);
  const type = await createType(cloud, 'gold');
  await ask('GET', `${at}/qos-specs/${one}/associate?vol_type_id=${type}`);
  assert.equal((await ask('GET', `${at}/qos-specs/${other}/associate?vol_type_id=${type}`)).status, 400);
  assert.equal((await ask('GET', `${at}/qos-specs/${one}/associate`)).status, 400);
  assert.equal((await ask('GET', `${at}/qos-specs/${one}/disassociate_all`)).status, 202);
  assert.deepEqual((await ask('GET', `${at}/qos-specs/${one}/associations`)).body.qos_associations, []);
  assert.equal((await ask('DELETE', `${at}/qos-specs/${one}?force=True`)).status, 202);
});

test('the host of a guest is told the limits of the volume, not those that its storage applies', async (t) => {
  const cloud = await startVolumes(t);
  const { ask, at } = cloud;
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const told = async (consumer: string) => {
    const id = await createQos(cloud, { name: consumer, consumer, read_iops_sec_per_gb: '50' });
    const type = await createType(cloud, `of ${consumer}`);
    await ask('GET', `${at}/qos-specs/${id}/associate?vol_type_id=${type}`);
    const volume = await cloud.createAndWait({ size: 2, volume_type: type });
    const { attachment } = (await cloud.reserve(volume.id, volume.id, { connector: { initiator, host: 'kvm1' } })).body;
    return attachment.connection_info.qos_specs;
  };
  assert.deepEqual(await told('front-end'), { read_iops_sec: '100' });
  assert.equal(await told('back-end'), null);
});

test("a project's default type is that of its volumes that name none, and cannot be deleted", async (t) => {
  const cloud = await startVolumes(t);
  const { ask, at } = cloud;
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const project = at.split('/').at(-1) ?? '';
  const type = await createType(cloud, 'gold');
  const version = '3.62';
  const path = `/v3/default-types/${project}`;
  assert.equal((await ask('GET', path, { version: '3.61' })).status, 404);
  assert.equal((await ask('GET', path, { version })).status, 404);
  const body = { default_type: { volume_type: 'gold' } };
  assert.deepEqual((await ask('PUT', path, { version, body })).body.default_type, {
    project_id: project,
    volume_type_id: type,
  });
  assert.equal((await ask('GET', '/v3/default-types', { version })).body.default_types.length, 1);
  assert.equal((await cloud.createAndWait()).volume_type, 'gold');
  assert.equal((await ask('GET', `${at}/types/default`)).body.volume_type.id, type);
  assert.equal((await ask('DELETE', `${at}/types/${type}`)).status, 400);
  assert.equal((await ask('DELETE', path, { version })).status, 204);
  assert.equal((await cloud.createAndWait()).volume_type, '__DEFAULT__');
  const hidden = await createType(cloud, 'hidden', { 'os-volume-type-access:is_public': false });
  assert.equal(
    (await ask('PUT', path, { version, body: { default_type: { volume_type: hidden } } })).status,
    400,
    'a private type',
  );
});
