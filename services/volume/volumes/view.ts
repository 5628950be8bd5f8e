import { longTime } from '#shared/api/times.ts';
import { type Delta, since, view } from '#shared/api/versions.ts';
import type { Attachment } from '../attachments/store.ts';
import type { Volume } from './store.ts';

/** A volume and what else its views show. */
export interface ViewInput {
  readonly volume: Volume;
  readonly typeName: string;
  readonly attachments: readonly Attachment[];
  readonly isAdmin: boolean;
  /** http://10.0.0.1:8776 */
  readonly base: string;
  /** The caller's project: links contain it. */
  readonly projectId: string;
}

const linksOf = ({ volume, base, projectId }: ViewInput) => [
  { rel: 'self', href: `${base}/v3/${projectId}/volumes/${volume.id}` },
  { rel: 'bookmark', href: `${base}/${projectId}/volumes/${volume.id}` },
];

export const volumeSummary = (input: ViewInput) => ({
  id: input.volume.id,
  name: input.volume.name,
  links: linksOf(input),
});

const baseView = ({ volume: v, attachments, ...rest }: ViewInput) => ({
  id: v.id,
  status: v.status,
  size: v.sizeGb,
  availability_zone: v.zone,
  created_at: longTime(v.createdAt),
  updated_at: longTime(v.updatedAt),
  name: v.name,
  description: v.description,
  volume_type: rest.typeName,
  snapshot_id: v.snapshotId,
  source_volid: v.sourceVolumeId,
  metadata: { ...v.metadata, ...(v.readOnly || v.readOnlyTold ? { readonly: v.readOnly ? 'True' : 'False' } : {}) },
  links: linksOf({ volume: v, attachments, ...rest }),
  user_id: v.userId,
  bootable: String(v.bootable),
  encrypted: false,
  replication_status: null,
  consistencygroup_id: null,
  multiattach: v.multiattach,
  attachments: attachments
    .filter(({ status }) => status === 'attached')
    .map((each) => attachmentOf(each, rest.isAdmin)),
  ...(rest.isAdmin ? { migration_status: null } : {}),
});

const attachmentOf = (a: Attachment, isAdmin: boolean) => ({
  id: a.volumeId,
  attachment_id: a.id,
  volume_id: a.volumeId,
  server_id: a.serverId,
  host_name: isAdmin ? a.attachedHost : null,
  device: a.mountpoint,
  attached_at: longTime(a.attachedAt),
});

const deltas: readonly Delta<ViewInput>[] = [
  since('3.0', baseView),
  since('3.13', () => ({ group_id: null })),
  since('3.21', ({ isAdmin }) => (isAdmin ? { provider_id: null } : {})),
  since('3.48', ({ volume }) => ({ shared_targets: volume.host === null, service_uuid: volume.hostId })),
  since('3.61', ({ isAdmin }) => (isAdmin ? { cluster_name: null } : {})),
  since('3.63', ({ volume }) => ({ volume_type_id: volume.typeId })),
  since('3.65', () => ({ consumes_quota: true })),
];

/** The response to a create or an update. */
export const createdView = view<ViewInput>(...deltas);

/** The response to a GET, and an item of the detailed list. */
export const volumeView = view<ViewInput>(
  ...deltas,
  since(
    '3.0',
    ({ volume: { imageMetadata } }): Record<string, unknown> =>
      imageMetadata === null ? {} : { volume_image_metadata: imageMetadata },
  ),
  since('3.0', ({ volume }) => ({ 'os-vol-tenant-attr:tenant_id': volume.projectId })),
  since('3.0', ({ isAdmin, volume: { host, driver, pool } }) =>
    isAdmin
      ? {
          'os-vol-mig-status-attr:migstat': null,
          'os-vol-mig-status-attr:name_id': null,
          'os-vol-host-attr:host': host === null ? null : `${host}@${driver}#${pool}`,
        }
      : {},
  ),
);
