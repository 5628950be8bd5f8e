import type { Json } from '#shared/api/document.ts';
import { actionPath, listPath, plainPaths } from '#shared/resource/routes.ts';
import { rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { groupSnapshot, summary } from './resource.ts';

const ref = (name: string): Json => ({ $ref: `#/components/${name}` });
const { post, item } = plainPaths('group_snapshot', groupSnapshot.attributes, ref('groupSnapshot'), { created: '202' });
const { put: _, ...unchangeable } = item;

export const groupSnapshots: Json = {
  list: { get: listPath('listGroupSnapshots', 'group_snapshots', ref('summary')), post },
  detail: { get: listPath('listGroupSnapshotsInDetail', 'group_snapshots', ref('groupSnapshot')) },
  item: unchangeable,
  action: actionPath('actOnGroupSnapshot', { reset_status: { status: { type: 'string', maxLength: 255 } } }),
  components: {
    summary: wholeRowSchema(summary),
    groupSnapshot: { ...rowSchema(groupSnapshot.attributes), required: Object.keys(summary) },
  },
};
