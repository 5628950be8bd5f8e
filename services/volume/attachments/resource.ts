import type { Target } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { choice, flag, json, key, text, time } from '../attributes.ts';
import { byValue } from '../listing/store.ts';
import { resource } from '../resource.ts';
import type { AttachmentStatus } from './states.ts';

/** The host that connects, as it describes itself. */
export interface Connector {
  readonly host?: string;
  readonly ip?: string;
  readonly initiator?: string;
  readonly mountpoint?: string | null;
  readonly mode?: string | null;
  readonly [more: string]: unknown;
}

const nullable = { nullable: true } as const;

const attributes = {
  id: key({}),
  project_id: key({}),
  task_id: key(nullable),
  volume_id: key({ filter: true }),
  instance_id: key({ column: 'serverId', filter: true, ...nullable }),
  status: choice<AttachmentStatus>()({ filter: true, sort: ['attach_status'] }),
  mode: choice<'rw' | 'ro' | 'null'>()({}),
  connector: json<Connector>()(nullable),
  /** The iSCSI target; null until the volume is exported. */
  target: json<Target>()(nullable),
  /** What the host of the guest limits, from the QoS specs of the volume's type; null for no limits. */
  limits: json<Readonly<Record<string, string>>>()(nullable),
  chap_user: text({}),
  /** The CHAP secret, sealed; null in rows of earlier versions, which have it in clear in `chapSecret`. */
  sealed_secret: text(nullable),
  chap_secret: text({}),
  /** Of the key of an encrypted volume. */
  encryption_key_id: key(nullable),
  /** True when a service created it; an attachment that a user creates with a server's id is not that server's. */
  by_service: flag({}),
  mountpoint: text(nullable),
  attached_host: text(nullable),
  /** Why the export or its removal failed. */
  fault: text(nullable),
  attached_at: time(nullable),
  created_at: time({ sort: true }),
  updated_at: time(nullable),
} as const;

export const attachmentNotFound = (id: string) =>
  new Fault(404, 'notFound', `Volume attachment could not be found with filter: attachment_id = ${id}.`);

export const attachment = resource('attachment', 'attachments', {
  table: 'attachments',
  pagesBy: ['createdAt'],
  missing: attachmentNotFound,
  attributes,
  filters: { instance_uuid: byValue('serverId'), attach_status: byValue('status') },
});

export const attachmentRows = attachment.rows;
export type Attachment = RowOf<typeof attributes>;
