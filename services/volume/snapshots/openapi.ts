import type { Json } from '#shared/api/document.ts';
import { actionPath, listPath, plainPaths } from '#shared/resource/routes.ts';
import { rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { snapshot, snapshotInput, summary } from './resource.ts';

const ref = (name: string): Json => ({ $ref: `#/components/${name}` });
const text: Json = { type: 'string' };
const { post, item } = plainPaths('snapshot', snapshotInput, ref('snapshot'), { created: '202' });

export const snapshots: Json = {
  list: { get: listPath('listSnapshots', 'snapshots', ref('summary')), post },
  detail: { get: listPath('listSnapshotsInDetail', 'snapshots', ref('snapshot')) },
  item,
  action: actionPath('actOnSnapshot', {
    'os-reset_status': { status: text },
    'os-update_snapshot_status': { status: text, progress: { type: ['string', 'null'] } },
    'os-force_delete': null,
    'os-unmanage': null,
  }),
  components: {
    summary: wholeRowSchema(summary),
    snapshot: { ...rowSchema(snapshot.attributes), required: wholeRowSchema(summary).required ?? [] },
  },
};
