/** Types of groups; their group specs say what their groups can do. */
import { notFound } from '#shared/errors/fault.ts';
import type { ChangeOf, NewOf, RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { flag, key, pairs, text, time } from '../attributes.ts';
import { resource } from '../resource.ts';

const both = ['create', 'update'] as const;

export const groupTypeAttributes = {
  id: key({ filter: true }),
  name: text({
    set: both,
    required: 'create',
    filter: true,
    sort: true,
    input: { type: ['string', 'null'], maxLength: 255 },
  }),
  description: text({ set: both, nullable: true, default: null }),
  is_public: flag({ set: both, default: true }),
  group_specs: pairs({
    column: 'extraSpecs',
    set: ['create'],
    default: {},
    filter: true,
    rule: 'group:access_group_types_specs',
  }),
  created_at: time({ hidden: true, sort: true }),
} as const;

export type GroupType = RowOf<typeof groupTypeAttributes>;
export type NewGroupType = NewOf<typeof groupTypeAttributes>;
export type GroupTypeChange = ChangeOf<typeof groupTypeAttributes>;

export const groupType = resource('group_type', 'group_types', {
  table: 'groupTypes',
  missing: (id) => notFound('Group type', id),
  attributes: groupTypeAttributes,
});
export const groupTypeRows = groupType.rows;
export const groupTypeView = viewOf(groupTypeAttributes);

/** Whether the group type promises group snapshots of one moment. */
export const isConsistent = ({ extraSpecs }: Pick<GroupType, 'extraSpecs'>): boolean =>
  extraSpecs.consistent_group_snapshot_enabled === '<is> True';
