/** Snapshots of all volumes of a group. */
import { notFound } from '#shared/errors/fault.ts';
import type { NewOf, RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { choice, key, nameAndDescription, time } from '../attributes.ts';
import { resource } from '../resource.ts';

export type GroupSnapshotStatus = 'creating' | 'available' | 'deleting' | 'error' | 'error_deleting';

const hidden = { hidden: true } as const;
const nullable = { nullable: true } as const;

const attributes = {
  id: key({ filter: true }),
  group_id: key({ filter: true, set: ['create'], required: true, input: { type: 'string', format: 'uuid' } }),
  group_type_id: key({}),
  status: choice<GroupSnapshotStatus>()({ filter: true, sort: true }),
  created_at: time({ sort: true }),
  updated_at: time({ ...hidden, ...nullable }),
  name: { ...nameAndDescription.name, options: { ...nameAndDescription.name.options, set: ['create'] as const } },
  description: {
    ...nameAndDescription.description,
    options: { ...nameAndDescription.description.options, set: ['create'] as const },
  },
  project_id: key({ since: '3.58', rule: 'group:group_snapshot_project_attribute' }),
  user_id: key(hidden),
  task_id: key({ ...hidden, ...nullable }),
} as const;

export const groupSnapshot = resource('group_snapshot', 'group_snapshots', {
  table: 'groupSnapshots',
  pagesBy: ['createdAt'],
  missing: (id) => notFound('GroupSnapshot', id),
  attributes,
});
export const groupSnapshotRows = groupSnapshot.rows;
export type GroupSnapshot = RowOf<typeof attributes>;
export type NewGroupSnapshot = NewOf<typeof attributes>;

export const summary = { id: attributes.id, name: attributes.name, group_type_id: attributes.group_type_id } as const;
export const groupSnapshotSummary = viewOf(summary);
export const groupSnapshotView = viewOf(attributes);
