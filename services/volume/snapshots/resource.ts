import { notFound } from '#shared/errors/fault.ts';
import type { NewOf, RowOf } from '#shared/resource/attribute.ts';
import { choice, flag, integer, key, nameAndDescription, pairs, text, time } from '../attributes.ts';
import { byText, constant } from '../listing/store.ts';
import { isTrue } from '../listing/values.ts';
import { resource } from '../resource.ts';
import type { SnapshotStatus } from './states.ts';

const hidden = { hidden: true } as const;
const nullable = { nullable: true } as const;
const listed = { filter: true, sort: true } as const;
const metadata = { type: 'object', additionalProperties: { type: 'string', maxLength: 255 } };

/** What a create, an update and the list without details show. */
export const summary = {
  id: key({ filter: true }),
  created_at: time({ sort: true }),
  updated_at: time({ sort: true, ...nullable }),
  ...nameAndDescription,
  volume_id: text({ ...listed, set: ['create'], required: true, input: { type: ['string', 'null'], format: 'uuid' } }),
  status: choice<SnapshotStatus>()(listed),
  size: integer({ column: 'sizeGb' }),
  metadata: pairs({ filter: true, set: ['create'], default: {}, input: { oneOf: [{ type: 'null' }, metadata] } }),
  group_snapshot_id: key({ since: '3.14', filter: true, ...nullable }),
  user_id: key({ since: '3.41', filter: true }),
  consumes_quota: flag({ column: null, since: '3.65', show: () => true }),
  task_id: key({ ...hidden, ...nullable }),
  type_id: key(hidden),
  host: text({
    ...hidden,
    ...nullable,
    rule: 'context_is_admin',
    filter: (query, [value = '']) => void query.where('host', value.split('@')[0] ?? ''),
  }),
} as const;

const attributes = {
  ...summary,
  'os-extended-snapshot-attributes:project_id': key({ column: 'projectId' }),
  'os-extended-snapshot-attributes:progress': text({ column: 'progress' }),
} as const;

export const snapshot = resource('snapshot', 'snapshots', {
  table: 'snapshots',
  pagesBy: ['createdAt', 'name'],
  missing: (id) => notFound('Snapshot', id),
  attributes,
  filters: {
    display_name: byText('name'),
    consumes_quota: constant(isTrue),
  },
});

/** What a body may say. */
export const snapshotInput = {
  ...summary,
  force: flag({ set: ['create'], default: null, ...nullable, input: { type: ['boolean', 'string'] } }),
} as const;

export const snapshotRows = snapshot.rows;
export type Snapshot = RowOf<typeof attributes>;
export type NewSnapshot = NewOf<typeof snapshotInput>;
