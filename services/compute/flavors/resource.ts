import type { Json } from '#shared/api/document.ts';
import { notFound } from '#shared/errors/fault.ts';
import type { ChangeOf, NewOf, RowOf } from '#shared/resource/attribute.ts';
import { accessTable } from '#shared/resource/store.ts';
import { tableOf } from '#shared/resource/table.ts';
import { briefOf, viewOf } from '#shared/resource/view.ts';
import { flag, nameSchema, ratio, size, text, texts, time } from '../attributes.ts';
import { linksOf } from '../dialect.ts';

const create = ['create'] as const;
const positive: Json = {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
    { type: 'string', pattern: '^[1-9][0-9]*$' },
  ],
};

export const flavorAttributes = {
  id: text({
    set: create,
    brief: true,
    sort: ['flavorid', 'id'],
    input: { type: ['string', 'number', 'null'], maxLength: 255, pattern: '^[a-zA-Z0-9. _-]*$' },
  }),
  name: text({
    set: create,
    required: true,
    brief: true,
    sort: ['name'],
    input: nameSchema,
  }),
  ram: size({ column: 'ramMb', set: create, required: true, sort: ['memory_mb'], input: positive }),
  disk: size({ column: 'diskGb', set: create, required: true, sort: ['root_gb'] }),
  swap: size({
    column: 'swapMb',
    set: create,
    default: 0,
    sort: ['swap'],
    earlier: { until: '2.75', show: (mb) => mb || '' },
    output: { anyOf: [{ type: 'integer' }, { const: '' }] },
  }),
  'OS-FLV-EXT-DATA:ephemeral': size({ column: 'ephemeralGb', set: create, default: 0, sort: ['ephemeral_gb'] }),
  'OS-FLV-DISABLED:disabled': flag({ column: 'disabled' }),
  vcpus: size({ set: create, required: true, sort: ['vcpus'], input: positive }),
  'os-flavor-access:is_public': flag({ column: 'isPublic', set: create, default: true }),
  rxtx_factor: ratio({ set: create, default: 1 }),
  links: text({
    column: 'id',
    brief: true,
    output: { type: 'array' },
    show: (id, { base = '' }) => linksOf(base, 'flavors', id),
  }),
  description: text({
    set: ['create', 'update'],
    required: 'update',
    nullable: true,
    default: null,
    since: '2.55',
    brief: true,
    input: { type: 'string', maxLength: 65_535 },
  }),
  extra_specs: texts({ since: '2.61', rule: 'os_compute_api:os-flavor-extra-specs:index' }),
  created_at: time({ hidden: true, sort: ['created_at'] }),
  updated_at: time({ hidden: true, sort: ['updated_at'] }),
} as const;

export type Flavor = RowOf<typeof flavorAttributes>;
export type NewFlavor = NewOf<typeof flavorAttributes>;
export type FlavorChange = ChangeOf<typeof flavorAttributes>;

export const flavorRows = tableOf('flavors', flavorAttributes, (id) => notFound('Flavor', id));
export const flavorAccess = accessTable('flavor_access', 'flavorId');
export const flavorView = viewOf(flavorAttributes);
export const briefFlavorView = viewOf(briefOf(flavorAttributes));

export const flavorAccessNames = {
  add: 'addTenantAccess',
  remove: 'removeTenantAccess',
  project: 'tenant',
  list: 'flavor_access',
  id: 'flavor_id',
  projectId: 'tenant_id',
} as const;
