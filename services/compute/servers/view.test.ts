import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Version } from '#shared/api/versions.ts';
import type { Server } from './store.ts';
import { detailView, type ServerViewInput, serverView, updatedView, versionClass } from './view.ts';

const server: Server = {
  id: '3b46fba1-72a7-42c7-94a8-35681239e8eb',
  sequence: 42,
  version: 3,
  projectId: 'p1',
  userId: 'u1',
  name: 'web',
  hostname: 'web',
  description: null,
  vmState: 'active',
  taskState: null,
  powerState: 'running',
  taskId: null,
  guestTaskId: null,
  fault: { code: 500, message: 'it broke', created: 0 },
  host: 'kvm1',
  zone: 'nova',
  wantedZone: null,
  wantedHost: null,
  flavorId: '1',
  flavor: {
    id: '1',
    name: 'm1.tiny',
    vcpus: 1,
    ramMb: 512,
    diskGb: 1,
    ephemeralGb: 0,
    swapMb: 0,
    extraSpecs: { 'hw:x': 'y' },
  },
  vcpus: 1,
  ramMb: 512,
  imageId: 'i1',
  image: { id: 'i1', format: 'qcow2', sizeGb: 1, minDiskGb: 0, minRamMb: 0, properties: { os_distro: 'tiny' } },
  keyName: 'me',
  keyData: 'ssh-ed25519 A',
  userData: 'IyE=',
  configDrive: false,
  metadata: {},
  tags: ['a'],
  addresses: { blue: [{ version: 4, addr: '10.7.0.3', type: 'fixed', mac: 'fa:16:3e:00:00:01' }] },
  groups: ['default'],
  wantedGroups: [],
  machine: null,
  bootMark: 'b',
  bootKind: 'hard',
  groupId: null,
  rootSource: null,
  rescueImage: null,
  shelvedImageId: null,
  password: null,
  softDeletedAt: null,
  rootDevice: '/dev/vda',
  reservationId: 'r-1',
  launchIndex: 0,
  accessIpv4: '',
  accessIpv6: '',
  lockedBy: null,
  lockedReason: null,
  diskConfig: 'MANUAL',
  hints: {},
  createdAt: Date.UTC(2026, 10, 22, 17, 50, 36),
  updatedAt: Date.UTC(2026, 10, 22, 17, 50, 41),
  launchedAt: Date.UTC(2026, 10, 22, 17, 50, 41),
  terminatedAt: null,
  deletedAt: null,
};
const input = (more: Partial<Server> = {}, admin = true): ServerViewInput => ({
  server: { ...server, ...more },
  volumes: [],
  admin,
  hostStatus: 'UP',
  base: 'http://here:8774',
});

/** The first version of each field. */
const firstVersion: Readonly<Record<string, Version>> = {
  'OS-EXT-SRV-ATTR:reservation_id': '2.3',
  'OS-EXT-SRV-ATTR:user_data': '2.3',
  locked: '2.9',
  host_status: '2.16',
  description: '2.19',
  tags: '2.26',
  trusted_image_certificates: '2.63',
  server_groups: '2.71',
  locked_reason: '2.73',
  pinned_availability_zone: '2.96',
  scheduler_hints: '2.100',
};

for (const [field, since] of Object.entries(firstVersion))
  test(`a server shows ${field} from ${since} on, and not before`, () => {
    const [major, minor] = since.split('.').map(Number) as [number, number];
    assert.equal(field in serverView(input(), `${major}.${minor - 1}`), false);
    assert.equal(field in serverView(input(), since), true);
  });

test('the flavor is a link before 2.47 and embedded from 2.47 on', () => {
  assert.deepEqual(Object.keys(serverView(input(), '2.46').flavor as object), ['id', 'links']);
  assert.deepEqual(serverView(input(), '2.47').flavor, {
    vcpus: 1,
    ram: 512,
    disk: 1,
    ephemeral: 0,
    swap: 0,
    original_name: 'm1.tiny',
    extra_specs: { 'hw:x': 'y' },
  });
});

test('image properties are shown from 2.98 on', () => {
  assert.equal('properties' in (serverView(input(), '2.97').image as object), false);
  assert.deepEqual((serverView(input(), '2.98').image as { properties: object }).properties, { os_distro: 'tiny' });
  assert.equal(serverView(input({ image: null }), '2.98').image, '');
});

test('the host is shown to administrators; the hostname to all from 2.90 on', () => {
  const anonymous = serverView(input({}, false), '2.89');
  assert.deepEqual(
    Object.keys(anonymous).filter((key) => key.startsWith('OS-EXT-SRV-ATTR') || key === 'host_status'),
    [],
  );
  assert.equal(serverView(input({}, false), '2.90')['OS-EXT-SRV-ATTR:hostname'], 'web');
  assert.equal(serverView(input(), '2.1')['OS-EXT-SRV-ATTR:instance_name'], 'instance-0000002a');
});

test('a fault is shown in ERROR only', () => {
  assert.equal(serverView(input(), '2.1').fault, undefined);
  const { fault, progress } = serverView(input({ vmState: 'error' }), '2.1');
  assert.deepEqual(fault, { code: 500, message: 'it broke', created: '1970-01-01T00:00:00Z' });
  assert.equal(progress, undefined);
});

test('the response of an update is short before 2.75 and the whole server from 2.75 on', () => {
  const before = updatedView(input(), '2.74');
  assert.equal('key_name' in before, false);
  assert.deepEqual(before.addresses, { blue: [{ version: 4, addr: '10.7.0.3' }] });
  assert.deepEqual(updatedView(input(), '2.75'), serverView(input(), '2.75'));
});

test('a status is derived from vm_state and task_state', () => {
  const status = (more: Partial<Server>) => serverView(input(more), '2.1').status;
  assert.equal(status({ taskState: 'powering-off' }), 'ACTIVE');
  assert.equal(status({ taskState: 'rebooting' }), 'REBOOT');
  assert.equal(status({ taskState: 'rebooting_hard' }), 'HARD_REBOOT');
  assert.equal(status({ vmState: 'stopped' }), 'SHUTOFF');
});

test('versions of one class have the same view', () => {
  const versions = Array.from({ length: 100 }, (_, at): Version => `2.${at + 1}`);
  const byClass = Map.groupBy(versions, versionClass);
  for (const [, alike] of byClass) {
    const views = alike.map((version) => JSON.stringify(detailView(input(), version)));
    assert.equal(new Set(views).size, 1, alike.join());
  }
});
