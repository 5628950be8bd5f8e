import { longTime } from '#shared/api/times.ts';
import { since, view } from '#shared/api/versions.ts';
import type { Snapshot } from './store.ts';

const deltas = [
  since<Snapshot>('3.0', (s) => ({
    id: s.id,
    created_at: longTime(s.createdAt),
    updated_at: longTime(s.updatedAt),
    name: s.name,
    description: s.description,
    volume_id: s.volumeId,
    status: s.status,
    size: s.sizeGb,
    metadata: s.metadata,
  })),
  since<Snapshot>('3.14', () => ({ group_snapshot_id: null })),
  since<Snapshot>('3.41', (s) => ({ user_id: s.userId })),
  since<Snapshot>('3.65', () => ({ consumes_quota: true })),
];

/** The response to a create, and an item of the list without details. */
export const snapshotSummary = view<Snapshot>(...deltas);

export const snapshotView = view<Snapshot>(
  ...deltas,
  since('3.0', (s) => ({
    'os-extended-snapshot-attributes:project_id': s.projectId,
    'os-extended-snapshot-attributes:progress': s.progress,
  })),
);
