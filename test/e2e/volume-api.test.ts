/** The volume API: microversions, validation, visibility, quotas, types, transfers, lists. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { projectId, startVolumes, until, waitForHosts } from './volume-cloud.ts';

test('a field appears from its microversion on', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const old = await cloud.show(id, '3.0');
  const now = await cloud.show(id, '3.71');
  for (const field of ['group_id', 'provider_id', 'service_uuid', 'cluster_name', 'volume_type_id', 'consumes_quota'])
    assert.deepEqual([field in old, field in now], [false, true], field);
  assert.equal((await cloud.ask('GET', '/v3/attachments', { version: '3.26' })).status, 404);
  assert.equal((await cloud.ask('GET', '/v3/volumes', { version: '3.72' })).status, 406);
});

test('invalid volumes are refused with the messages of Cinder', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const refused = async (input: object, status: number, message: RegExp) => {
    const { status: found, body } = await cloud.create(input);
    assert.equal(found, status, JSON.stringify(body));
    assert.match(JSON.stringify(body), message);
  };
  await refused({ frob: 1 }, 400, /'frob' was unexpected/);
  await refused({ size: 'much' }, 400, /attribute size/);
  await refused({ size: 0 }, 400, /minimum of 1/);
  await refused({ size: '0' }, 400, /attribute size/);
  await refused({ volume_type: 'nosuch' }, 404, /itemNotFound.*nosuch/);
  await refused({ imageRef: randomUUID() }, 400, /Invalid image identifier or unable to access requested image/);
  await refused({ snapshot_id: randomUUID() }, 404, /Snapshot/);
  await refused({ availability_zone: 'mars' }, 400, /Availability zone 'mars' is invalid/);
  await refused({ size: 1001 }, 413, /overLimit.*gigabytes quota.*retryAfter":"0"/);
  for (const [query, message] of [
    ['limit=x', 'limit param must be an integer'],
    ['limit=-1', 'limit param must be positive'],
    ['offset=-1', 'offset must be >= 0'],
  ])
    assert.equal((await cloud.ask('GET', `${cloud.at}/volumes?${query}`)).body.badRequest.message, message);
  const reader = await cloud.create({}, { role: 'reader' });
  assert.equal(reader.status, 403);
  const other = await cloud.ask('GET', '/v3/00000000000000000000000000000000/volumes', { role: 'member,reader' });
  assert.equal(other.body.badRequest.message, 'Malformed request url');
});

test('the quota counts existing volumes only', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${projectId}`, { body: { quota_set: { volumes: 1 } } });
  const { id } = await cloud.createAndWait();
  const over = await cloud.create();
  assert.equal(over.status, 413);
  assert.match(over.body.overLimit.message, /Maximum number of volumes allowed \(1\) exceeded for quota 'volumes'/);
  const { limits } = (await cloud.ask('GET', '/v3/limits?project_id=None', { version: '3.39' })).body;
  assert.equal(limits.absolute.totalVolumesUsed, 1);
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
  await cloud.createAndWait();
});

test('types: private ones are visible to their projects only, and a used one cannot be deleted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const spec = { name: 'fast', 'os-volume-type-access:is_public': false, extra_specs: { volume_backend_name: 'nvme' } };
  const { volume_type: type } = (await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: spec } })).body;
  const member = { role: 'member,reader' };
  assert.equal((await cloud.ask('GET', `${cloud.at}/types/${type.id}`, member)).status, 404);
  await cloud.ask('POST', `${cloud.at}/types/${type.id}/action`, {
    body: { addProjectAccess: { project: projectId } },
  });
  const seen = await cloud.ask('GET', `${cloud.at}/types/${type.id}`, member);
  assert.deepEqual(seen.body.volume_type.extra_specs, {});
  const { status } = await cloud.createAndWait({ volume_type: 'fast' });
  assert.equal(status, 'error');
  assert.match(
    (await cloud.messages())[0].user_message,
    /does not have volume_backend_name nvme, which the type requires/,
  );
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/types/${type.id}`)).status, 400);
  const names = (await cloud.ask('GET', `${cloud.at}/types?is_public=None`)).body.volume_types.map(
    (each: { name: string }) => each.name,
  );
  assert.deepEqual(names.toSorted(), ['__DEFAULT__', 'fast']);
});

test('a disabled host gets no new volumes, and on a frozen one nothing can be changed', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const report = (verb: string) => cloud.ask('PUT', `/v3/os-services/${verb}`, { body: { host: 'store1@fake' } });
  assert.equal((await report('disable')).body.status, 'disabled');
  assert.equal((await cloud.createAndWait()).status, 'error');
  await report('enable');
  assert.equal((await report('freeze')).status, 200);
  const refused = await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  assert.match(refused.body.badRequest.message, /frozen storage backends/);
  await report('thaw');
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).status, 202);
  assert.equal((await cloud.ask('PUT', '/v3/os-services/freeze', { body: { host: 'nowhere' } })).status, 400);
});

test('a transfer moves a volume with its snapshots to the project that has the key', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { id: snapshotId } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshotId)).status === 'available');
  const spec = { transfer: { volume_id: id, name: 'gift' } };
  const { transfer } = (await cloud.ask('POST', '/v3/volume-transfers', { version: '3.57', body: spec })).body;
  assert.equal((await cloud.show(id)).status, 'awaiting-transfer');
  const other = { role: 'member,reader', project: 'another-project', version: '3.57' };
  const accept = (auth_key: string) =>
    cloud.ask('POST', `/v3/volume-transfers/${transfer.id}/accept`, { ...other, body: { accept: { auth_key } } });
  assert.equal((await cloud.ask('GET', `/v3/volume-transfers/${transfer.id}`, other)).status, 404);
  assert.equal((await accept('0000000000000000')).status, 400);
  assert.equal((await accept(transfer.auth_key)).status, 202);
  assert.equal((await cloud.ask('GET', `/v3/volumes/${id}`, other)).body.volume.status, 'available');
  assert.equal((await cloud.ask('GET', `/v3/snapshots/${snapshotId}`, other)).status, 200);
  assert.equal((await cloud.ask('GET', `/v3/volumes/${id}`, { role: 'member,reader' })).status, 404);
  assert.deepEqual((await cloud.ask('GET', '/v3/volume-transfers', { version: '3.57' })).body.transfers, []);
});

test('a volume transferred without its snapshots cannot be deleted with them', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { id: snapshot } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshot)).status === 'available');
  const spec = { transfer: { volume_id: id, no_snapshots: true } };
  const { transfer } = (await cloud.ask('POST', '/v3/volume-transfers', { version: '3.57', body: spec })).body;
  const other = { role: 'member,reader', project: 'another-project', version: '3.57' };
  const body = { accept: { auth_key: transfer.auth_key } };
  await cloud.ask('POST', `/v3/volume-transfers/${transfer.id}/accept`, { ...other, body });
  const refused = await cloud.ask('DELETE', `/v3/volumes/${id}?cascade=true`, other);
  assert.match(refused.body.badRequest.message, /disassociated from snapshots after volume transfer/);
  assert.equal((await cloud.showSnapshot(snapshot)).status, 'available');
});

test('lists are paged by marker, sorted and counted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  for (const name of ['b', 'a', 'c']) await cloud.createAndWait({ name, metadata: { mark: name } });
  const names = async (query: string) => {
    const { body } = await cloud.ask('GET', `${cloud.at}/volumes/detail?${query}`, { version: '3.60' });
    return { ...body, volumes: body.volumes.map((each: { name: string }) => each.name) };
  };
  assert.deepEqual((await names('sort=name:asc')).volumes, ['a', 'b', 'c']);
  assert.deepEqual((await names('')).volumes, ['c', 'a', 'b']);
  const first = await names('sort=name:asc&limit=2&with_count=true');
  assert.deepEqual([first.volumes, first.count], [['a', 'b'], 3]);
  const next = new URL(first.volumes_links[0].href);
  assert.deepEqual((await names(next.search.slice(1))).volumes, ['c']);
  assert.deepEqual((await names(`metadata=${encodeURIComponent("{'mark': 'a'}")}`)).volumes, ['a']);
  assert.deepEqual((await names('limit=1&offset=1&sort_key=name&sort_dir=asc')).volumes, ['b']);
});

test('a service acts in the project of the path', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const service = { role: 'admin,service', project: 'service-project' };
  const { status, body } = await cloud.create({}, { ...service, version: '3.54' });
  assert.equal(status, 202);
  assert.equal((await cloud.waitUntilStable(body.volume.id))['os-vol-tenant-attr:tenant_id'], projectId);
});

test('discovery and status paths respond as described in the OpenAPI documents', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const [type] = (await cloud.ask('GET', `${cloud.at}/types`)).body.volume_types;
  const paths = [
    'os-services',
    'os-hosts',
    'os-hosts/store1@fake',
    'capabilities/store1@fake',
    'scheduler-stats/get_pools?detail=true',
    'os-availability-zone',
    `os-quota-sets/${projectId}?usage=True`,
    `os-quota-sets/${projectId}/defaults`,
    'os-quota-class-sets/default',
    'limits',
    'messages',
    'extensions',
    'extensions/os-services',
    'resource_filters',
    'backups',
    `types/${type.id}/encryption`,
  ];
  for (const path of paths) {
    const { status, body } = await cloud.ask('GET', `${cloud.at}/${path}`, { version: '3.70' });
    assert.equal(status, 200, `${path} ${JSON.stringify(body)}`);
  }
  assert.equal((await cloud.ask('GET', '/')).body.versions[0].min_version, '3.0');
});

test('a path with an empty id is 404 for every method', async (t) => {
  const cloud = await startVolumes(t);
  for (const method of ['GET', 'PUT', 'DELETE'])
    for (const path of ['volumes/', 'snapshots/', 'types/']) {
      const asked = method === 'PUT' ? { body: { volume: { name: 'x' } } } : {};
      assert.equal((await cloud.ask(method, `${cloud.at}/${path}`, asked)).status, 404, `${method} ${path}`);
    }
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes`)).status, 405);
});
