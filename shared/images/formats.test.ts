import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driverOf, whyNoDisk } from './formats.ts';

const containers = ['ami', 'ari', 'aki', 'ovf', 'ova', 'docker', 'compressed', null];
const disks = ['raw', 'iso', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'];

test('OSSA-2011-001, OSSA-2023-002: what came in a container was not inspected, is unpacked nowhere and becomes no disk', () => {
  for (const disk_format of disks) {
    assert.equal(whyNoDisk({ id: 'i', disk_format, container_format: 'bare' }), undefined);
    for (const container_format of containers)
      assert.match(whyNoDisk({ id: 'i', disk_format, container_format }) ?? '', /its container_format is/);
  }
});

test('a format that no driver is named for becomes no disk, also a word that every object has', () => {
  for (const disk_format of ['ami', 'ari', 'aki', 'ploop', 'qed', 'luks', 'constructor', '__proto__', null]) {
    assert.match(whyNoDisk({ id: 'i', disk_format, container_format: 'bare' }) ?? '', /its disk_format is/);
    assert.equal(driverOf(String(disk_format)), undefined);
  }
});
