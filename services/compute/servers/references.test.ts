/** Every reference in a request to a resource that the caller may not use is refused before anything is written or created. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Json, openDocument } from '#shared/api/document.ts';
import { narrow } from '#shared/api/narrow.ts';
import { hidden } from '../../../test/fakes/compute-clients.ts';
import {
  addVolume,
  type Cloud,
  cloudWithHost,
  imageId,
  launched,
  networkId,
  projectId,
  volumeId,
} from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

/** Of another project, or private: the caller knows the id, but the resource is not visible. */
const foreign = {
  image: 'aaaaaaaa-0000-4000-8000-000000000001',
  volume: 'aaaaaaaa-0000-4000-8000-000000000002',
  snapshot: 'aaaaaaaa-0000-4000-8000-000000000003',
  type: 'aaaaaaaa-0000-4000-8000-000000000004',
  network: 'aaaaaaaa-0000-4000-8000-000000000005',
  port: 'aaaaaaaa-0000-4000-8000-000000000006',
  group: 'aaaaaaaa-0000-4000-8000-000000000007',
};
/** Visible, but not usable in this way. */
const shared = {
  network: 'bbbbbbbb-0000-4000-8000-000000000001',
  outside: 'bbbbbbbb-0000-4000-8000-000000000002',
  portOnOwnNetwork: 'bbbbbbbb-0000-4000-8000-000000000003',
  wrappedImage: 'bbbbbbbb-0000-4000-8000-000000000004',
  queuedImage: 'bbbbbbbb-0000-4000-8000-000000000005',
  strangeImage: 'bbbbbbbb-0000-4000-8000-000000000006',
  usedAddress: '10.7.0.9',
};
const unknown = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
const other = '00000000000000000000000000000bad';

function plant({ images, volumes, network }: Cloud, t: TestContext): void {
  for (const id of Object.values(foreign)) hidden.add(id);
  t.after(() => hidden.clear());
  const image = images.all.get(imageId);
  const blue = network.networks.get(networkId);
  assert.ok(image && blue);
  const add = (id: string, more: object) => images.all.set(id, { ...image, id, ...more });
  add(foreign.image, { owner: other });
  add(shared.wrappedImage, { container_format: 'ovf', disk_format: 'vmdk' });
  add(shared.queuedImage, { status: 'queued' });
  add(shared.strangeImage, { disk_format: 'ploop' });
  const volume = { id: foreign.volume, name: 'v', size: 1, status: 'available', bootable: 'true' };
  volumes.volumes.set(foreign.volume, volume);
  volumes.snapshots.set(foreign.snapshot, { id: foreign.snapshot, volume_id: 'v', size: 1, status: 'available' });
  volumes.types.set(foreign.type, { id: foreign.type, name: 'gold' });
  const net = (id: string, more: object) => network.networks.set(id, { ...blue, id, name: id, ...more });
  net(foreign.network, { project_id: other });
  net(shared.network, { project_id: other, shared: true });
  net(shared.outside, { project_id: other, 'router:external': true });
  const port = {
    network_id: networkId,
    mac_address: 'fa:16:3e:00:00:01',
    status: 'DOWN',
    device_id: '',
    device_owner: '',
    project_id: other,
    fixed_ips: [{ ip_address: shared.usedAddress, subnet_id: blue.subnets[0] ?? '' }],
  };
  network.ports.set(foreign.port, { ...port, id: foreign.port, fixed_ips: [] });
  network.ports.set(shared.portOnOwnNetwork, { ...port, id: shared.portOnOwnNetwork });
  network.groups.set(foreign.group, { id: foreign.group, name: 'theirs', project_id: other });
}

const disk = (more: object) => ({
  block_device_mapping_v2: [{ destination_type: 'volume', boot_index: -1, volume_size: 9, ...more }],
});
const nic = (more: object) => ({ networks: [more] });

/** Property of the body of POST /servers to requests with forbidden references. */
const launches: Readonly<Record<string, readonly object[]>> = {
  flavorRef: [{ flavorRef: unknown }],
  imageRef: [foreign.image, shared.wrappedImage, shared.queuedImage, shared.strangeImage, unknown].map((imageRef) => ({
    imageRef,
  })),
  key_name: [{ key_name: 'theirs' }],
  availability_zone: [{ availability_zone: 'nowhere' }, { availability_zone: 'nova:kvm1' }],
  host: [{ host: 'kvm1' }],
  hypervisor_hostname: [{ hypervisor_hostname: 'kvm1' }],
  'security_groups[].name': [foreign.group, 'theirs', unknown].map((name) => ({ security_groups: [{ name }] })),
  'networks[].uuid': [foreign.network, shared.outside, unknown].map((uuid) => nic({ uuid })),
  'networks[].port': [foreign.port, shared.portOnOwnNetwork, unknown].map((port) => nic({ port })),
  'networks[].fixed_ip': [
    nic({ uuid: shared.network, fixed_ip: '10.7.0.77' }),
    nic({ uuid: networkId, fixed_ip: shared.usedAddress }),
    nic({ uuid: networkId, fixed_ip: '192.0.2.1' }),
  ],
  'block_device_mapping_v2[].uuid': [
    ...[foreign.image, shared.wrappedImage, shared.strangeImage, unknown].map((uuid) =>
      disk({ source_type: 'image', uuid }),
    ),
    ...[foreign.volume, unknown].map((uuid) => disk({ source_type: 'volume', uuid })),
    ...[foreign.snapshot, unknown].map((uuid) => disk({ source_type: 'snapshot', uuid })),
  ],
  'block_device_mapping_v2[].volume_type': ['gold', foreign.type, unknown].map((volume_type) =>
    disk({ source_type: 'blank', volume_type }),
  ),
};

/** Properties that are no references. */
const plain =
  'name adminPass metadata OS-DCF:diskConfig accessIPv4 accessIPv6 personality[] config_drive min_count max_count return_reservation_id user_data description tags[] trusted_image_certificates hostname networks[].tag block_device_mapping_v2[].source_type block_device_mapping_v2[].destination_type block_device_mapping_v2[].boot_index block_device_mapping_v2[].volume_size block_device_mapping_v2[].delete_on_termination block_device_mapping_v2[].device_name block_device_mapping_v2[].device_type block_device_mapping_v2[].disk_bus block_device_mapping_v2[].guest_format block_device_mapping_v2[].no_device block_device_mapping_v2[].tag'.split(
    ' ',
  );

type Tree = { readonly [key: string]: Json | undefined };

/** The paths of all values in a schema. */
function leavesOf(schema: Tree, at = ''): string[] {
  const ways = [...((schema.oneOf ?? schema.anyOf ?? []) as Json[])] as Tree[];
  const inside = ways.flatMap((way) => leavesOf(way, at)).filter((name) => name !== at);
  const { properties, items } = schema as { properties?: Record<string, Tree>; items?: Tree };
  const below = Object.entries(properties ?? {}).flatMap(([name, each]) => leavesOf(each, at ? `${at}.${name}` : name));
  const each = items ? leavesOf(items, `${at}[]`) : [];
  const all = [...inside, ...below, ...each];
  return all.length > 0 ? all : [at];
}

test('every property of a new server is tested here as a reference, or listed as none', () => {
  const document = openDocument(join(import.meta.dirname, '../../../openapi/compute'));
  const body = document.operation('post', '/v2.1/servers')?.requestBody?.content?.['application/json']?.schema;
  const schema = narrow(body as Json, '2.93') as { properties: { server: Tree } };
  const old = narrow(body as Json, '2.1') as { properties: { server: Tree } };
  const leaves = [...leavesOf(schema.properties.server), ...leavesOf(old.properties.server)];
  assert.deepEqual(
    [...new Set(leaves)].filter((name) => !plain.includes(name) && !launches[name]),
    [],
  );
});

/** The state that a refused request must not change. */
const standing = async ({ compute, network, volumes, placement, images }: Cloud) => ({
  servers: (await compute.db('servers')).length,
  tasks: (await compute.db('tasks')).length,
  attachments: (await compute.db('attachments')).length,
  interfaces: (await compute.db('interfaces')).length,
  ports: JSON.stringify([...network.ports.values()]),
  volumes: JSON.stringify([...volumes.volumes.values()]),
  reserved: volumes.attachments.size,
  claims: placement.claims.size,
  images: images.all.size,
});

for (const [name, inputs] of Object.entries(launches))
  test(`OSSA-2013-001, OSSA-2013-024, OSSA-2013-019: a server with ${name} of another, private or unknown is refused`, async (t) => {
    const { cloud } = await cloudWithHost(t);
    plant(cloud, t);
    const before = await standing(cloud);
    for (const input of inputs) {
      const { status, body } = await cloud.launch(input, { role: 'member,reader' });
      assert.ok([400, 403].includes(status), `${JSON.stringify(input)}: ${status} ${JSON.stringify(body)}`);
      assert.deepEqual(await standing(cloud), before, JSON.stringify(input));
    }
  });

test('OSSA-2013-001: foreign ports and volumes are not attached to a running server', async (t) => {
  const { cloud } = await cloudWithHost(t);
  plant(cloud, t);
  const { id } = await launched(cloud);
  const before = await standing(cloud);
  const member = { role: 'member,reader', version: '2.93' };
  const one = `/v2.1/servers/${id}`;
  const plug = (interfaceAttachment: object) =>
    cloud.ask('POST', `${one}/os-interface`, { ...member, body: { interfaceAttachment } });
  const attach = (volume: string) =>
    cloud.ask('POST', `${one}/os-volume_attachments`, { ...member, body: { volumeAttachment: { volumeId: volume } } });
  const group = (verb: string, name: string) => cloud.act(id, { [verb]: { name } }, member);
  const asked = [
    ...[foreign.port, shared.portOnOwnNetwork, unknown].map((port_id) => plug({ port_id })),
    ...[foreign.network, shared.outside, unknown].map((net_id) => plug({ net_id })),
    ...[
      [shared.network, '10.7.0.77'],
      [networkId, shared.usedAddress],
      [networkId, '192.0.2.1'],
    ].map(([net_id, ip_address]) => plug({ net_id, fixed_ips: [{ ip_address }] })),
    ...[foreign.volume, unknown].map(attach),
    ...[foreign.group, 'theirs', unknown].flatMap((name) => [
      group('addSecurityGroup', name),
      group('removeSecurityGroup', name),
    ]),
  ];
  for (const { status, body } of await Promise.all(asked))
    assert.ok([400, 403, 404].includes(status), `${status} ${JSON.stringify(body)}`);
  assert.deepEqual(await standing(cloud), before);
});

test('a volume type that the caller may use is passed on by its id', async (t) => {
  const { cloud } = await cloudWithHost(t);
  cloud.volumes.types.set('t1', { id: 't1', name: 'fast' });
  const input = disk({ source_type: 'blank', volume_type: 'fast' });
  const { id } = await launched(cloud, input);
  const [made] = [...cloud.volumes.volumes.values()];
  assert.equal((made as { volume_type?: string } | undefined)?.volume_type, 't1');
  assert.ok(id);
});

test('OSSA-2013-033: ports and attachments of other projects that name a server are not part of it', async (t) => {
  const { cloud } = await cloudWithHost(t);
  addVolume(cloud);
  const { id } = await launched(cloud);
  const planted = 'cccccccc-0000-4000-8000-000000000001';
  const [own] = [...cloud.network.ports.values()];
  assert.ok(own);
  cloud.network.ports.set(planted, { ...own, id: planted, project_id: other, 'binding:profile': { nic: 0 } });
  const attachment = { id: 'planted', instance: id, volume_id: 'theirs' };
  cloud.volumes.attachments.set('planted', attachment);
  assert.equal((await cloud.act(id, { addSecurityGroup: { name: 'web' } })).status, 202);
  assert.ok(!cloud.network.ports.get(planted)?.security_groups?.includes('g2'));
  await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId } } });
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.ok(cloud.network.ports.has(planted), 'it stays its owner’s');
  assert.deepEqual([...cloud.volumes.attachments.values()], [attachment]);
  assert.equal(projectId, own.project_id);
});
