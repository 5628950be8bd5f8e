import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from '#shared/resource/view.ts';
import { type Snapshot, snapshot, summary } from './resource.ts';

const row: Snapshot = {
  id: 's',
  projectId: 'p',
  userId: 'u',
  taskId: null,
  volumeId: 'v',
  typeId: 't',
  name: 'snap',
  description: null,
  sizeGb: 1,
  status: 'available',
  progress: '100%',
  host: 'store1',
  groupSnapshotId: null,
  metadata: {},
  createdAt: 0,
  updatedAt: null,
};
const may = () => false;

test('each version shows its fields; the details show the project and the progress', () => {
  const first = viewOf(summary)(row, { version: '3.0', may });
  assert.deepEqual(first, {
    id: 's',
    created_at: '1970-01-01T00:00:00.000000',
    updated_at: null,
    name: 'snap',
    description: null,
    volume_id: 'v',
    status: 'available',
    size: 1,
    metadata: {},
  });
  assert.deepEqual(viewOf(snapshot.attributes)(row, { version: '3.65', may }), {
    ...first,
    group_snapshot_id: null,
    user_id: 'u',
    consumes_quota: true,
    'os-extended-snapshot-attributes:project_id': 'p',
    'os-extended-snapshot-attributes:progress': '100%',
  });
});
