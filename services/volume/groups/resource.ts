/** Groups of volumes: deleted, copied and snapshotted as one. */
import { notFound } from '#shared/errors/fault.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { choice, json, key, nameAndDescription, text, time } from '../attributes.ts';
import { resource } from '../resource.ts';
import type { GroupStatus } from './states.ts';

const hidden = { hidden: true } as const;
const nullable = { nullable: true } as const;
const list = { type: 'array', items: { type: 'string' } } as const;

const attributes = {
  id: key({ filter: true }),
  status: choice<GroupStatus>()({ filter: true, sort: true }),
  availability_zone: key({ column: 'zone' }),
  created_at: time({ sort: true }),
  updated_at: time({ ...hidden, ...nullable }),
  name: nameAndDescription.name,
  description: nameAndDescription.description,
  group_type: key({ column: 'groupTypeId', filter: true }),
  volume_types: json<readonly string[]>()({ column: 'typeIds', output: list }),
  group_snapshot_id: key({ since: '3.14', filter: true, ...nullable }),
  source_group_id: key({ since: '3.14', filter: true, ...nullable }),
  project_id: key({ since: '3.58', rule: 'group:group_project_attribute' }),
  user_id: key(hidden),
  task_id: key({ ...hidden, ...nullable }),
} as const;

export const group = resource('group', 'groups', {
  table: 'volumeGroups',
  pagesBy: ['createdAt'],
  missing: (id) => notFound('Group', id),
  attributes,
});
export const groupRows = group.rows;
export type Group = RowOf<typeof attributes>;

export const summary = { id: attributes.id, name: attributes.name } as const;
export const groupSummary = viewOf(summary);
/** `volumes` from 3.25, when the query asks for them. */
export const shown = {
  ...attributes,
  replication_status: text({ column: null, since: '3.38', show: () => 'disabled' }),
} as const;
export const groupView = viewOf(shown);
