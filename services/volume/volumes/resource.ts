import type { Query } from '#shared/db/page.ts';
import { notFound } from '#shared/errors/fault.ts';
import type { NewOf, RowOf } from '#shared/resource/attribute.ts';
import { choice, flag, integer, json, key, nameAndDescription, pairs, text, time, trimmed } from '../attributes.ts';
import { byText, constant } from '../listing/store.ts';
import { isTrue } from '../listing/values.ts';
import { resource } from '../resource.ts';
import type { VolumeStatus } from './states.ts';

const listed = { filter: true, sort: true } as const;
const hidden = { hidden: true } as const;
const nullable = { nullable: true } as const;

const attributes = {
  id: key({ filter: true }),
  project_id: key(hidden),
  task_id: key({ ...hidden, ...nullable }),
  status: choice<VolumeStatus>()(listed),
  previous_status: choice<VolumeStatus>()({ ...hidden, ...nullable }),
  size: integer({ column: 'sizeGb', ...listed }),
  /** The new size during an extend; capacity and quota count it. */
  grow_to_gb: integer({ ...hidden, ...nullable }),
  availability_zone: key({ column: 'zone', ...listed }),
  created_at: time(listed),
  updated_at: time({ ...listed, ...nullable }),
  ...nameAndDescription,
  description: trimmed({ ...nameAndDescription.description.options, filter: true }),
  snapshot_id: key({ filter: true, ...nullable }),
  source_volid: key({ column: 'sourceVolumeId', filter: true, ...nullable }),
  image_id: key({ ...hidden, ...nullable }),
  metadata: pairs({ filter: true }),
  /** Attributes of the source image; null when there is none. */
  glance_metadata: pairs({ column: 'imageMetadata', filter: true, ...hidden, ...nullable }),
  user_id: key({ filter: true }),
  bootable: flag({ ...listed, show: String, output: { enum: ['true', 'false'] } }),
  multiattach: flag({ filter: true }),
  read_only: flag(hidden),
  /** True once os-update_readonly_flag was called; then the metadata shows `readonly`. */
  read_only_told: flag(hidden),
  /** The host of its data; null until the scheduler chose one. */
  host: text({ ...hidden, ...nullable, sort: true, rule: 'context_is_admin', filter: onHost }),
  host_id: key({ ...hidden, ...nullable }),
  pool: text({ ...hidden, ...nullable }),
  driver: text({ ...hidden, ...nullable }),
  /** The host that its data are moving to; its room is allocated. */
  target_host: key({ ...hidden, ...nullable }),
  migration_status: key({ ...nullable, filter: true, rule: 'context_is_admin' }),
  /** The scheduler's decision: every pool with its refusal or weight. */
  choice: json<unknown>()({ ...hidden, ...nullable }),
  volume_type_id: key({ column: 'typeId', since: '3.63', filter: true }),
  /** Of the key of an encrypted volume. */
  encryption_key_id: key({ since: '3.64', ...nullable, show: (id: string | null) => id ?? undefined }),
  group_id: key({ since: '3.13', filter: true, ...nullable }),
} as const;

export const volume = resource('volume', 'volumes', {
  table: 'volumes',
  pagesBy: ['createdAt', 'name'],
  missing: (id) => notFound('Volume', id),
  attributes,
  filters: {
    display_name: byText('name'),
    volume_type: ofType,
    consumes_quota: constant(isTrue),
  },
});

const create = { set: ['create'], ...nullable } as const;

/** What a body may say. */
export const volumeInput = {
  ...nameAndDescription,
  metadata: pairs({ set: ['create', 'update'] }),
  size: integer({ column: 'sizeGb', ...create }),
  volume_type: text(create),
  availability_zone: text({ column: 'zone', ...create }),
  snapshot_id: key(create),
  source_volid: key({ column: 'sourceVolumeId', ...create }),
  image_id: key(create),
  imageRef: key(create),
  multiattach: flag(create),
  backup_id: key({ ...create, since: '3.47' }),
  group_id: key(create),
  consistencygroup_id: key(create),
} as const;

export const volumeRows = volume.rows;
export type Volume = RowOf<typeof attributes>;
export type NewVolume = NewOf<typeof volumeInput>;
export type Metadata = Readonly<Record<string, string>>;

/** A filter by host: its name, or all of `host@driver#pool`. */
function onHost(query: Query, [value = '']: readonly string[]): void {
  const [, host = value, driver, pool] = value.match(/^([^@]*)@([^#]*)#(.*)$/s) ?? [];
  query.where(driver === undefined ? { host } : { host, driver, pool });
}

/** A filter by type: its id or its name. */
function ofType(query: Query, value: string): void {
  query.where((either: Query) =>
    either
      .where('typeId', value)
      .orWhereIn('typeId', (names: Query) => names.from('volumeTypes').where({ name: value }).select('id')),
  );
}
