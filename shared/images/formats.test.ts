import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskRefusal, driverOf } from './formats.ts';

const containers = ['ami', 'ari', 'aki', 'ovf', 'ova', 'docker', 'compressed', null];
const disks = ['raw', 'iso', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'];

test('OSSA-2011-001, OSSA-2023-002: an image in a container is not inspected, never unpacked, and cannot be used as a disk', () => {
  for (const disk_format of disks) {
    assert.equal(diskRefusal({ id: 'i', disk_format, container_format: 'bare' }), undefined);
    for (const container_format of containers)
      assert.match(diskRefusal({ id: 'i', disk_format, container_format }) ?? '', /its container_format is/);
  }
});

test('a format without a driver cannot be used as a disk, nor can names of object properties', () => {
  for (const disk_format of ['ami', 'ari', 'aki', 'ploop', 'qed', 'luks', 'constructor', '__proto__', null]) {
    assert.match(diskRefusal({ id: 'i', disk_format, container_format: 'bare' }) ?? '', /its disk_format is/);
    assert.equal(driverOf(String(disk_format)), undefined);
  }
});
