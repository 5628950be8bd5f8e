import { type Part, partTable } from '../server-parts/store.ts';

/** `connection_info` of the volume's attachment, with `auth_password` and `encryption_key` sealed. */
export interface Connection {
  readonly driver_volume_type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A disk of a server, except those of its flavor. */
export interface Attachment extends Part {
  readonly destination: 'volume' | 'local';
  readonly source: 'volume' | 'snapshot' | 'image' | 'blank';
  readonly sourceId: string | null;
  /** Null until the volume is created. */
  readonly volumeId: string | null;
  readonly volumeType: string | null;
  /** The id of the volume service's attachment; null before it is created. */
  readonly attachmentId: string | null;
  readonly bootIndex: number | null;
  /** The device name that the guest most likely gives it: /dev/vdb. */
  readonly device: string | null;
  readonly bus: 'virtio' | 'scsi';
  /** A read-only CD-ROM on the SATA bus. */
  readonly cdrom: boolean;
  readonly sizeGb: number;
  readonly deleteOnTermination: boolean;
  /** The volume was created for this server. */
  readonly created: boolean;
  readonly tag: string | null;
  readonly connection: Connection | null;
  readonly createdAt: number;
}

export const attachmentTable = partTable<Attachment>('attachments', 'connection');
