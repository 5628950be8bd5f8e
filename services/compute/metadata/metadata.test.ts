import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type MetadataOf, metadataOf } from '#shared/contracts/network-agent.ts';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { findServer } from '../servers/store.ts';

type Cloud = Awaited<ReturnType<typeof startCloud>>;
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBjEL5WmnvgTcgqKNrsVsozIoZaTCL5TVzIEgHYIkp2e root@vm';
const script = '#!/bin/sh\necho hello\n';

async function withServer(t: Parameters<typeof startCloud>[0], input: object = {}) {
  const cloud = await startCloud(t);
  const host = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const keypair = { name: 'me', public_key: key };
  await cloud.ask('POST', '/v2.1/os-keypairs', { body: { keypair } });
  const user_data = Buffer.from(script).toString('base64');
  const { body } = await cloud.launch({ key_name: 'me', user_data, metadata: { role: 'web' }, ...input });
  return { cloud, host, server: await cloud.ended(body.server.id) };
}

const askAs = (cloud: Cloud, ask: Omit<MetadataOf['request'], 'address'>) =>
  cloud.compute.bus.call<MetadataOf['reply']>(metadataOf, { ...ask, address: '10.7.0.3' });

/** By the server's own port. */
async function read(cloud: Cloud, serverId: string, path: string) {
  const server = await findServer(cloud.compute.db, serverId);
  const [nic] = await interfaceTable.list(cloud.compute.db, serverId);
  return askAs(cloud, { serverId, projectId: server?.projectId ?? '', portId: nic?.portId ?? '', path });
}

test('a server reads its identity, key, networks and user data', async (t) => {
  const { cloud, server } = await withServer(t);
  const { body, type } = await read(cloud, server.id, '/openstack/latest/meta_data.json');
  const meta = JSON.parse(body);
  assert.equal(type, 'application/json');
  assert.equal(meta.uuid, server.id);
  assert.equal(meta.hostname, 'web');
  assert.deepEqual(meta.public_keys, { me: key });
  assert.deepEqual(meta.meta, { role: 'web' });
  assert.equal('admin_pass' in meta, false);
  assert.equal(bytesOf(await read(cloud, server.id, '/openstack/latest/user_data')).toString(), script);
  const network = JSON.parse((await read(cloud, server.id, '/openstack/latest/network_data.json')).body);
  assert.equal(network.links[0].ethernet_mac_address, server.addresses.blue[0]['OS-EXT-IPS-MAC:mac_addr']);
  assert.equal(network.networks[0].type, 'ipv4_dhcp');
});

const bytesOf = ({ body, base64 }: MetadataOf['reply']) => Buffer.from(body, base64 ? 'base64' : 'utf8');

test('binary user data is unchanged, by metadata API and config drive', async (t) => {
  const packed = gzipSync('#!/bin/sh\necho hi\n');
  const { cloud, host, server } = await withServer(t, { config_drive: true, user_data: packed.toString('base64') });
  for (const path of ['/openstack/latest/user_data', '/latest/user-data'])
    assert.deepEqual(bytesOf(await read(cloud, server.id, path)), packed);
  for (const path of ['openstack/latest/user_data', 'ec2/latest/user-data'])
    assert.deepEqual(host.guests.get(server.id)?.configDrive?.[path], { base64: packed.toString('base64') });
});

test('the EC2 and OpenStack trees can be listed', async (t) => {
  const { cloud, server } = await withServer(t);
  const text = async (path: string) => (await read(cloud, server.id, path)).body.split('\n');
  assert.ok((await text('/')).includes('latest'));
  assert.ok((await text('/openstack')).includes('latest'));
  assert.ok((await text('/openstack/latest/')).includes('meta_data.json'));
  assert.deepEqual(await text('/latest/'), ['meta-data/', 'user-data']);
  assert.ok((await text('/latest/meta-data/')).includes('public-keys/'));
  assert.deepEqual(await text('/latest/meta-data/public-keys/'), ['0=me']);
  assert.deepEqual(await text('/latest/meta-data/public-keys/0/openssh-key'), [key]);
  assert.deepEqual(await text('/latest/meta-data/local-ipv4'), [server.addresses.blue[0].addr]);
  assert.equal((await read(cloud, server.id, '/latest/nothing')).status, 404);
  assert.equal((await read(cloud, 'nosuch', '/openstack')).status, 404);
});

test('OSSA-2013-033: a port of another project whose device_id is the server reads no metadata', async (t) => {
  const { cloud, server } = await withServer(t);
  const [nic] = await interfaceTable.list(cloud.compute.db, server.id);
  const own = {
    serverId: server.id,
    projectId: server.tenant_id,
    portId: nic?.portId ?? '',
    path: '/latest/user-data',
  };
  assert.equal((await askAs(cloud, own)).status, 200);
  assert.equal((await askAs(cloud, { ...own, projectId: 'another' })).status, 404);
  assert.equal((await askAs(cloud, { ...own, portId: 'another' })).status, 404);
});

test('a config drive has the same files, and the admin password, which the metadata API does not return', async (t) => {
  const { host, server } = await withServer(t, { config_drive: true, adminPass: 'opensesame' });
  const files = host.guests.get(server.id)?.configDrive ?? {};
  const meta = JSON.parse(String(files['openstack/latest/meta_data.json']));
  assert.equal(meta.admin_pass, 'opensesame');
  assert.deepEqual(files['openstack/latest/user_data'], { base64: Buffer.from(script).toString('base64') });
  assert.equal(JSON.parse(String(files['ec2/latest/meta-data.json'])).hostname, 'web');
  assert.equal(server.config_drive, 'True');
});
