import { longTime } from '#shared/api/times.ts';
import type { Seen } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Attachment } from '../attachments/resource.ts';
import { empty, flag, json, key, text } from '../attributes.ts';
import { linksOf } from '../resource.ts';
import { type Volume, volume } from './resource.ts';

/** A volume and what else its views show. */
export interface ShownVolume extends Volume {
  readonly typeName: string;
  readonly attachments: readonly Attachment[];
}

const admin = { column: null, rule: 'context_is_admin' } as const;
const { id, name } = volume.attributes;
const links = json<string>()({ column: 'id', show: linksOf('volumes'), output: { type: 'array' } });

/** An item of the list without details. */
export const volumeSummary = viewOf({ id, name, links });

/** The answer to a create or an update. */
export const written = {
  ...volume.attributes,
  volume_type: text({ column: 'typeName' }),
  links,
  encrypted: flag({ column: 'encryptionKeyId', show: (id: unknown) => id !== null }),
  replication_status: empty({ column: null }),
  consistencygroup_id: empty({ column: null }),
  attachments: json<readonly Attachment[]>()({ show: attachedOf, output: { type: 'array' } }),
  provider_id: empty({ ...admin, since: '3.21' }),
  shared_targets: flag({ column: 'host', since: '3.48', show: (host: unknown) => host === null }),
  service_uuid: key({ column: 'hostId', since: '3.48', nullable: true }),
  cluster_name: empty({ ...admin, since: '3.61' }),
  consumes_quota: flag({ column: null, since: '3.65', show: () => true }),
} as const;

/** The answer to a GET, and an item of the list with details. */
export const shown = {
  ...written,
  volume_image_metadata: json<unknown>()({ column: 'imageMetadata', show: (value: unknown) => value ?? undefined }),
  'os-vol-tenant-attr:tenant_id': key({ column: 'projectId', rule: 'volume_extension:volume_tenant_attribute' }),
  'os-vol-mig-status-attr:migstat': key({
    column: 'migrationStatus',
    rule: 'volume_extension:volume_mig_status_attribute',
    nullable: true,
  }),
  'os-vol-mig-status-attr:name_id': empty({ column: null, rule: 'volume_extension:volume_mig_status_attribute' }),
  'os-vol-host-attr:host': text({ column: 'backend', rule: 'volume_extension:volume_host_attribute', nullable: true }),
} as const;

/** What views show of a row that is not one of its columns. */
export const withView = (row: Volume, typeName: string, attachments: readonly Attachment[]): ShownVolume =>
  ({
    ...row,
    typeName,
    attachments,
    backend: row.host === null ? null : `${row.host}@${row.driver}#${row.pool}`,
    metadata: {
      ...row.metadata,
      ...(row.readOnly || row.readOnlyTold ? { readonly: row.readOnly ? 'True' : 'False' } : {}),
    },
  }) as ShownVolume;

function attachedOf(attachments: readonly Attachment[], { may }: Seen) {
  const attached = attachments.filter(({ status }) => status === 'attached');
  return attached.map((each) => ({
    id: each.volumeId,
    attachment_id: each.id,
    volume_id: each.volumeId,
    server_id: each.serverId,
    host_name: may('context_is_admin') ? each.attachedHost : null,
    device: each.mountpoint,
    attached_at: longTime(each.attachedAt),
  }));
}

export const createdView = viewOf(written);
export const volumeView = viewOf(shown);
