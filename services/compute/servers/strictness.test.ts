/** Requests that Nova's schemas refuse are refused, with the name of the property. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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

const blank = (more: object) => ({
  block_device_mapping_v2: [{ source_type: 'blank', destination_type: 'local', ...more }],
});
const uuid = 'ffffffff-ffff-4fff-bfff-ffffffffffff';

const refusals: Readonly<Record<string, readonly [input: object, message: RegExp, version?: string]>> = {
  'a name of several lines': [{ name: 'a\nb' }, /name/],
  'a name with a NUL': [{ name: 'a\0b' }, /name/],
  'a name with outer blanks': [{ name: ' web ' }, /name/],
  'a name of 256 letters': [{ name: 'n'.repeat(256) }, /name.*too long/],
  'a description of several lines': [{ description: 'a\nb' }, /description/],
  'metadata with an odd key': [{ metadata: { 'a/b': 'c' } }, /'a\/b' was unexpected/],
  'metadata without a key': [{ metadata: { '': 'c' } }, /'' was unexpected/],
  'a disk of no source': [{ block_device_mapping_v2: [{ uuid }] }, /Invalid source_type field/],
  'a blank disk with a source': [blank({ uuid, volume_size: 1 }), /Invalid device UUID/],
  'a blank disk where the flavor has none': [blank({ volume_size: 1 }), /Ephemeral disks requested are larger/],
  'a blank disk of no size where the flavor has none': [blank({ volume_size: null }), /the flavor has none/],
  'swap that the flavor does not give': [
    blank({ guest_format: 'swap', volume_size: 1 }),
    /guest_format swap is not supported/,
  ],
  'a type for a local disk': [blank({ volume_size: 1, volume_type: 'x' }), /destination_type=local/],
  'a bus that is not supported': [blank({ volume_size: 1, disk_bus: 'ide' }), /disk_bus ide is not supported/],
  'a hundred and one hosts to avoid': [
    { hints: { different_host: Array.from({ length: 101 }, () => uuid) } },
    /different_host/,
  ],
  'files in the guest': [{ personality: [{ path: '/etc/passwd', contents: 'eA==' }] }, /personality/, '2.50'],
  'more networks than a guest has places': [
    { networks: Array.from({ length: 33 }, () => ({ uuid })) },
    /networks|items/,
  ],
  'user data that is cut off': [{ user_data: 'abc' }, /user_data/],
};

for (const [what, [input, message, version = '2.93']] of Object.entries(refusals))
  test(`${what} is refused by name`, async (t) => {
    const cloud = await startCloud(t);
    const { hints, ...more } = input as { hints?: object };
    const server = { name: 'web', flavorRef: '42', imageRef: imageId, networks: 'none', ...more };
    const body = { server, ...(hints ? { 'os:scheduler_hints': hints } : {}) };
    const answer = await cloud.ask('POST', '/v2.1/servers', { version, body });
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.match(answer.body.badRequest.message, message);
    assert.equal(await cloud.openTasks(), 0);
  });

test('OSSA-2012-008: a path in personality is never written: personality is refused', async (t) => {
  const cloud = await startCloud(t);
  for (const path of ['../../etc/passwd', '/etc/shadow', 'a\0b']) {
    const input = { personality: [{ path, contents: 'eA==' }] };
    assert.equal((await cloud.launch(input, { version: '2.40' })).status, 400);
  }
});

const demands: Readonly<Record<string, string>> = {
  hw_disk_bus: 'ide',
  hw_scsi_model: 'lsilogic',
  hw_cdrom_bus: 'ide',
  hw_vif_model: 'e1000',
  hw_firmware_type: 'uefi',
  hw_machine_type: 'pc',
  hw_video_model: 'qxl',
  hw_qemu_guest_agent: 'perhaps',
  hw_something_new: 'x',
  hw_constructor: 'x',
  img_config_drive: 'perhaps',
};
test('OSSA-2017-005: unsupported hardware in image properties is refused by name', async (t) => {
  const cloud = await startCloud(t);
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  for (const [name, value] of Object.entries(demands)) {
    cloud.images.all.set(imageId, { ...image, [name]: value });
    const { status, body } = await cloud.launch();
    assert.equal(status, 400);
    assert.match(body.badRequest.message, new RegExp(`${name}=${value}`));
  }
});

const specsOfNova: Readonly<Record<string, string>> = {
  'hw:cpu_policy': 'dedicated',
  'hw:numa_nodes': '2',
  'hw:mem_page_size': 'large',
  'hw_rng:allowed': 'false',
  'resources:VGPU': '1',
  'resources_NET:SRIOV_NET_VF': '1',
  'trait:HW_CPU_X86_AVX512F': 'required',
  'quota:cpu_shares': '1024',
  'accel:device_profile': 'fpga',
  'pci_passthrough:alias': 'gpu:1',
  'os:secure_boot': 'required',
  group_policy: 'isolate',
};
test('extra specs that Nova acts on and that no guest has are refused by name, at a launch and at a resize', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const path = '/v2.1/flavors/84/os-extra_specs';
  for (const [name, value] of Object.entries(specsOfNova)) {
    await cloud.ask('POST', path, { body: { extra_specs: { [name]: value } } });
    for (const { status, body } of [
      await cloud.launch({ flavorRef: '84' }),
      await cloud.act(id, { resize: { flavorRef: '84' } }),
    ]) {
      assert.equal(status, 400, name);
      assert.match(body.badRequest.message, new RegExp(`Flavor 84 asks for ${name}=${value}`));
    }
    assert.equal((await cloud.ask('DELETE', `${path}/${name}`)).status, 200);
  }
  assert.equal(await cloud.openTasks(), 0);
});

test('extra specs that every guest meets, and those that Nova does not read, are accepted', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const extra_specs = {
    'hw:cpu_policy': 'shared',
    'hw:mem_page_size': 'small',
    'hw:boot_menu': 'False',
    'hw_rng:allowed': 'True',
    ha: 'true',
    'rate:tier': 'gold',
  };
  await cloud.ask('POST', '/v2.1/flavors/42/os-extra_specs', { body: { extra_specs } });
  assert.equal((await launched(cloud)).status, 'ACTIVE');
});

test('supported hardware properties are accepted, and the disk bus is applied', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  const properties = {
    hw_disk_bus: 'scsi',
    hw_vif_model: 'virtio',
    hw_qemu_guest_agent: 'no',
    img_config_drive: 'mandatory',
  };
  cloud.images.all.set(imageId, { ...image, ...properties });
  const server = await launched(cloud);
  const guest = agent.guests.get(server.id);
  assert.equal(guest?.disks[0]?.bus, 'scsi');
  assert.ok(guest?.configDrive, 'the image wants one');
  assert.equal(server.config_drive, 'True');
});

test('disks of an image on virtio-scsi are SCSI disks: root, ephemeral, and volumes attached later', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  const scsi = { hw_disk_bus: 'scsi', hw_scsi_model: 'virtio-scsi', hw_cdrom_bus: 'scsi' };
  cloud.images.all.set(imageId, { ...image, ...scsi });
  const flavor = { name: 'big', id: 'big', ram: 64, vcpus: 1, disk: 1, 'OS-FLV-EXT-DATA:ephemeral': 1 };
  await cloud.ask('POST', '/v2.1/flavors', { body: { flavor } });
  const { id } = await launched(cloud, { flavorRef: 'big', config_drive: true });
  assert.equal((await cloud.show(id))['OS-EXT-SRV-ATTR:root_device_name'], '/dev/sda');
  addVolume(cloud);
  const path = `/v2.1/servers/${id}/os-volume_attachments`;
  const { body } = await cloud.ask('POST', path, { body: { volumeAttachment: { volumeId } } });
  assert.equal(body.volumeAttachment.device, '/dev/sdc', 'after the root and the ephemeral disk');
  await until(async () => (await cloud.openTasks()) === 0);
  assert.deepEqual(
    agent.guests.get(id)?.disks.map(({ bus }) => bus),
    ['scsi', 'scsi', 'scsi'],
  );
});

test('a mapping chooses the bus of its disk, whatever the image says', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  addVolume(cloud);
  const disk = { source_type: 'volume', destination_type: 'volume', boot_index: -1, uuid: volumeId, disk_bus: 'scsi' };
  const { id } = await launched(cloud, { block_device_mapping_v2: [disk] });
  assert.deepEqual(
    agent.guests.get(id)?.disks.map(({ bus }) => bus),
    ['virtio', 'scsi'],
  );
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  cloud.images.all.set(imageId, { ...image, hw_disk_bus: 'scsi', disk_format: 'iso' });
  const other = await launched(cloud);
  assert.deepEqual(
    [agent.guests.get(other.id)?.disks[0]?.bus, agent.guests.get(other.id)?.disks[0]?.cdrom],
    ['virtio', true],
  );
});

test('an ISO image boots as a CD-ROM, and a read-only volume is attached read-only', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  cloud.images.all.set(imageId, { ...image, disk_format: 'iso' });
  const volume = {
    id: uuid,
    name: 'v',
    size: 1,
    status: 'available',
    bootable: 'false',
    metadata: { readonly: 'True' },
  };
  cloud.volumes.volumes.set(uuid, volume);
  const disk = { source_type: 'volume', destination_type: 'volume', boot_index: -1, uuid };
  const { id } = await launched(cloud, { block_device_mapping_v2: [disk] });
  const [root, data] = agent.guests.get(id)?.disks ?? [];
  assert.deepEqual([root?.cdrom, root?.readOnly, root?.bootIndex], [true, true, 0]);
  assert.deepEqual([data?.readOnly, data?.cdrom], [true, undefined]);
});

test('OSSA-2013-037: blank disks replace the flavor’s ephemeral disk, and the allocation stays the same', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const flavor = { name: 'big', id: 'big', ram: 64, vcpus: 1, disk: 1, 'OS-FLV-EXT-DATA:ephemeral': 3 };
  assert.equal((await cloud.ask('POST', '/v2.1/flavors', { body: { flavor } })).status, 200);
  const disk = { source_type: 'blank', destination_type: 'local', boot_index: -1 };
  const two = [
    { ...disk, volume_size: 1 },
    { ...disk, volume_size: 2 },
  ];
  const { id } = await launched(cloud, { flavorRef: 'big', block_device_mapping_v2: two });
  const sizes = agent.guests.get(id)?.disks.map(({ sizeGb }) => sizeGb);
  assert.deepEqual(sizes, [1, 1, 2]);
  assert.equal(cloud.placement.claims.get(id)?.resources.DISK_GB, 4);
  const tooMuch = await cloud.launch({
    flavorRef: 'big',
    block_device_mapping_v2: [...two, { ...disk, volume_size: 1 }],
  });
  assert.equal(tooMuch.status, 400);
});

test('accessIPv6 is shown in its shortest form', async (t) => {
  const cloud = await startCloud(t);
  const { body } = await cloud.launch({ accessIPv6: '0000:0000:0000:0000:0000:babe:220.12.22.2' });
  assert.equal((await cloud.show(body.server.id)).accessIPv6, '::babe:dc0c:1602');
});

test('a mapping with no_device needs no source', async (t) => {
  const cloud = await startCloud(t);
  assert.equal(
    (await cloud.launch({ block_device_mapping_v2: [{ no_device: true, device_name: 'vdb' }] })).status,
    202,
  );
});

test('with an image the volume need not be bootable', async (t) => {
  const cloud = await startCloud(t);
  cloud.volumes.volumes.set(uuid, { id: uuid, name: 'v', size: 1, status: 'available', bootable: 'false' });
  const root = { source_type: 'volume', destination_type: 'volume', boot_index: 0, uuid };
  assert.equal((await cloud.launch({ block_device_mapping_v2: [root] })).status, 202);
  assert.equal((await cloud.launch({ imageRef: '', block_device_mapping_v2: [root] })).status, 400);
});

test('a snapshot’s metadata, and an extra spec, are checked like a server’s', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  assert.equal((await cloud.act(id, { createImage: { name: 'x', metadata: { '': '' } } })).status, 400);
  const put = (body: object) => cloud.ask('PUT', '/v2.1/flavors/42/os-extra_specs/a', { body });
  assert.equal((await put({ a: '1', b: '2' })).status, 400);
  assert.equal((await put({ a: '1' })).status, 200);
});

test('a list refuses unknown parameters, and accepts several states', async (t) => {
  const cloud = await startCloud(t);
  const ask = async (query: string, version = '2.93', role = 'member,reader') =>
    (await cloud.ask('GET', `/v2.1/servers?${query}`, { version, role })).status;
  assert.equal(await ask('status=ACTIVE&status=ERROR'), 200);
  assert.equal(await ask('status=DELETED'), 403);
  assert.equal(await ask('status=DELETED', '2.93', 'admin'), 200);
  assert.equal(await ask('sort_key=nope'), 400);
  assert.equal(await ask('sort_key=constructor'), 400);
  assert.equal(await ask('sort_key=vcpus', '2.74'), 200);
  assert.equal(await ask('sort_key=vcpus', '2.75'), 400);
  assert.equal(await ask('all_tenants=maybe'), 400);
  assert.equal(await ask('all_tenants=0'), 200);
  assert.equal(await ask('all_tenants=1'), 403);
  assert.equal(await ask('colour=blue', '2.74'), 200);
  assert.equal(await ask('colour=blue', '2.75'), 400);
  assert.equal((await cloud.ask('GET', '/v2.1/os-simple-tenant-usage/')).status, 404);
});
