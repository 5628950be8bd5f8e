import { notFound } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { ChangeOf, NewOf, RowOf, Seen } from '#shared/resource/attribute.ts';
import type { Specs } from '#shared/resource/extra-specs.ts';
import { accessTable } from '#shared/resource/store.ts';
import { viewOf } from '#shared/resource/view.ts';
import { flag, key, pairs, text, time } from '../attributes.ts';
import { resource } from '../resource.ts';

const both = ['create', 'update'] as const;

type May = (rule: string) => boolean;

/** Extra specs that say how the back end is made are for those who may read sensitive ones. */
const open = /^(RESKEY:availability_zones|multiattach|replication_enabled)$/;
export function visibleSpecs(specs: Specs, { may }: { readonly may: May }): Specs {
  if (may('volume_extension:types_extra_specs:read_sensitive')) return specs;
  return Object.fromEntries(Object.entries(specs).filter(([key]) => open.test(key)));
}

const updated = {
  id: key({}),
  name: text({
    set: both,
    required: 'create',
    filter: true,
    sort: true,
    input: { type: ['string', 'null'], maxLength: 255 },
  }),
  is_public: flag({ set: both, default: true }),
  description: text({ set: both, nullable: true, default: null }),
  extra_specs: pairs({ set: ['create'], default: {}, filter: true, show: visibleSpecs }),
  created_at: time({ hidden: true, sort: true }),
} as const;

/** What was just written shows no QoS, and an update not the extension's name of `is_public`. */
const created = {
  ...updated,
  'os-volume-type-access:is_public': flag({ column: 'isPublic', set: ['create'] }),
} as const;

export const typeAttributes = {
  ...created,
  qos_specs_id: key({ nullable: true, rule: 'volume_extension:access_types_qos_specs_id' }),
} as const;

export type VolumeType = RowOf<typeof typeAttributes>;
export type NewType = NewOf<typeof typeAttributes>;
export type TypeChange = ChangeOf<typeof typeAttributes>;

export const volumeType = resource('volume_type', 'volume_types', {
  table: 'volumeTypes',
  missing: (id) => notFound('Volume type', id),
  attributes: typeAttributes,
});
export const typeRows = volumeType.rows;
export const typeAccess = accessTable('volumeTypeAccess', 'typeId');
export const typeView = viewOf(typeAttributes);
const writtenViews = { POST: viewOf(created), PUT: viewOf(updated) };
export const viewByMethod = (row: object, seen: Seen) => (own(writtenViews, seen.method ?? '') ?? typeView)(row, seen);

export const typeAccessNames = {
  add: 'addProjectAccess',
  remove: 'removeProjectAccess',
  project: 'project',
  list: 'volume_type_access',
  id: 'volume_type_id',
  projectId: 'project_id',
} as const;
