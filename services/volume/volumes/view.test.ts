import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Version } from '#shared/api/versions.ts';
import type { Volume } from './resource.ts';
import { createdView, volumeView, withView } from './view.ts';

const row: Volume = {
  id: 'v',
  projectId: 'p',
  userId: 'u',
  taskId: null,
  status: 'available',
  previousStatus: null,
  sizeGb: 2,
  growToGb: null,
  zone: 'nova',
  createdAt: 0,
  updatedAt: null,
  name: 'data',
  description: null,
  snapshotId: null,
  sourceVolumeId: null,
  imageId: null,
  metadata: { a: 'b' },
  imageMetadata: null,
  bootable: false,
  multiattach: false,
  readOnly: true,
  readOnlyTold: true,
  host: 'store1',
  hostId: 'h',
  pool: 'vg',
  driver: 'lvm',
  choice: null,
  encryptionKeyId: null,
  targetHost: null,
  migrationStatus: null,
  groupId: null,
  typeId: 't',
};
const admin = () => true;
const reader = (rule: string) => rule === 'volume_extension:volume_tenant_attribute';
const seen = (version: Version, may: (rule: string) => boolean) =>
  Object.keys(volumeView(withView(row, 'gold', []), { version, may, base: 'http://c' }));

/** What a version shows that the one before it did not. */
const changes = (before: Version, version: Version, may = admin) => {
  const known = seen(before, may);
  return seen(version, may).filter((name) => !known.includes(name));
};

test('each version shows its fields, from the version that introduced them', () => {
  assert.deepEqual(changes('3.12', '3.13'), ['group_id']);
  assert.deepEqual(changes('3.20', '3.21'), ['provider_id']);
  assert.deepEqual(changes('3.47', '3.48'), ['shared_targets', 'service_uuid']);
  assert.deepEqual(changes('3.60', '3.61'), ['cluster_name']);
  assert.deepEqual(changes('3.62', '3.63'), ['volume_type_id']);
  assert.deepEqual(changes('3.64', '3.65'), ['consumes_quota']);
  assert.equal(changes('3.0', '3.12').length, 0);
});

test('those who fail the rules see neither the host nor migrations', () => {
  const hidden = seen('3.70', admin).filter((name) => !seen('3.70', reader).includes(name));
  assert.deepEqual(hidden, [
    'migration_status',
    'provider_id',
    'cluster_name',
    'os-vol-mig-status-attr:migstat',
    'os-vol-mig-status-attr:name_id',
    'os-vol-host-attr:host',
  ]);
});

test('a view has what follows from other columns', () => {
  const view = volumeView(withView(row, 'gold', []), { version: '3.70', may: admin, base: 'http://c' });
  assert.equal(view['os-vol-host-attr:host'], 'store1@lvm#vg');
  assert.deepEqual(view.metadata, { a: 'b', readonly: 'True' });
  assert.equal(view.volume_type, 'gold');
  assert.equal(view.bootable, 'false');
  assert.equal(view.shared_targets, false);
  assert.equal('volume_image_metadata' in JSON.parse(JSON.stringify(view)), false);
});

test('the answer to a create has no attributes of extensions', () => {
  const view = createdView(withView(row, 'gold', []), { version: '3.70', may: admin, base: 'http://c' });
  assert.deepEqual(
    Object.keys(view).filter((name) => name.startsWith('os-')),
    [],
  );
});
