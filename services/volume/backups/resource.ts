import { notFound } from '#shared/errors/fault.ts';
import type { ChangeOf, NewOf, RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { choice, flag, integer, json, key, nameAndDescription, pairs, text, time } from '../attributes.ts';
import { linksOf, resource } from '../resource.ts';
import type { Metadata } from '../volumes/resource.ts';
import type { BackupStatus } from './states.ts';

const hidden = { hidden: true } as const;
const nullable = { nullable: true } as const;

/** What a restore gives back beside the data. */
export interface OfVolume {
  readonly bootable: boolean;
  readonly imageMetadata: Metadata | null;
}

const attributes = {
  id: key({ filter: true }),
  status: choice<BackupStatus>()({ filter: true, sort: true }),
  size: integer({ column: 'sizeGb', sort: true }),
  object_count: integer({}),
  availability_zone: key({ column: 'zone', ...nullable }),
  container: text({ filter: true }),
  created_at: time({ sort: true }),
  updated_at: time({ sort: true, ...nullable }),
  ...nameAndDescription,
  fail_reason: text(nullable),
  volume_id: key({ filter: true, sort: true }),
  snapshot_id: key({ filter: true, ...nullable }),
  data_timestamp: time({ column: 'dataAt', sort: true }),
  metadata: pairs({ since: '3.43', filter: true }),
  'os-backup-project-attr:project_id': key({
    column: 'projectId',
    since: '3.18',
    rule: 'backup:backup_project_attribute',
  }),
  user_id: key({ since: '3.56', rule: 'backup:backup_project_attribute' }),
  /** Of the key of its data, which are those of an encrypted volume. */
  encryption_key_id: key({ since: '3.64', ...nullable, show: (id: string | null) => id ?? undefined }),
  /** The backup that an incremental one adds to. */
  parent_id: key({ ...hidden, ...nullable, filter: true }),
  /** The volume that a restore under way writes. */
  restoring_id: key({ ...hidden, ...nullable }),
  /** The name that its objects begin with. */
  stored_as: key(hidden),
  host: text({ ...hidden, ...nullable }),
  task_id: key({ ...hidden, ...nullable }),
  of_volume: json<OfVolume>()(hidden),
} as const;

export const backup = resource('backup', 'backups', {
  table: 'backups',
  pagesBy: ['createdAt', 'name'],
  missing: (id) => notFound('Backup', id),
  attributes,
});
export const backupRows = backup.rows;
export type Backup = RowOf<typeof attributes>;

const texts = { type: ['object', 'null'], additionalProperties: { type: 'string', maxLength: 255 } };

/** What bodies may say. */
export const backupInput = {
  name: nameAndDescription.name,
  description: nameAndDescription.description,
  metadata: pairs({ set: ['create', 'update'], since: '3.43', input: texts }),
  volume_id: key({ set: ['create'], required: true, input: { type: 'string', format: 'uuid' } }),
  snapshot_id: key({ set: ['create'], ...nullable, input: { type: 'string', format: 'uuid' } }),
  container: text({
    set: ['create'],
    ...nullable,
    input: { type: 'string', maxLength: 255, pattern: '^([A-Za-z0-9][A-Za-z0-9._-]*)?$' },
  }),
  incremental: flag({ set: ['create'], default: false, input: { type: ['boolean', 'string', 'null'] } }),
  force: flag({ set: ['create'], default: false, input: { type: ['boolean', 'string', 'null'] } }),
  availability_zone: text({ column: 'zone', set: ['create'], ...nullable, since: '3.51' }),
} as const;
export type NewBackup = NewOf<typeof backupInput>;
export type BackupChange = ChangeOf<typeof backupInput>;

const links = json<string>()({ column: 'id', show: linksOf('backups'), output: { type: 'array' } });
export const summary = { id: attributes.id, name: attributes.name, links } as const;
export const shown = {
  ...attributes,
  links,
  is_incremental: flag({ column: 'parentId', show: (parent: unknown) => parent !== null }),
  has_dependent_backups: flag({ column: 'hasDependents' }),
} as const;
export const backupSummary = viewOf(summary);
export const backupView = viewOf(shown);
