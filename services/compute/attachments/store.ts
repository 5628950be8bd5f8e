import type { Knex } from 'knex';
import type { Owned } from '#shared/states/owned.ts';

/** `connection_info` of the volume's attachment, with `auth_password` sealed. */
export interface Connection {
  readonly driver_volume_type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A disk of a server, except those of its flavor. */
export interface Attachment extends Owned {
  readonly serverId: string;
  /** Its number among the disks of the server. */
  readonly place: number;
  readonly state: 'attaching' | 'attached' | 'detaching';
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

type Change = Partial<Omit<Attachment, 'id' | 'serverId'>>;

const toRow = (change: Change): Record<string, unknown> =>
  change.connection ? { ...change, connection: JSON.stringify(change.connection) } : { ...change };
const fromRow = (row: Record<string, unknown>): Attachment =>
  ({ ...row, connection: JSON.parse((row.connection as string | null) ?? 'null') }) as unknown as Attachment;

export const insertAttachment = async (tx: Knex, attachment: Attachment): Promise<void> => {
  await tx('attachments').insert({ ...toRow(attachment) });
};

/** In the order of their numbers. */
export const listAttachments = async (db: Knex, serverId: string): Promise<Attachment[]> =>
  ((await db('attachments').where({ serverId }).orderBy('place')) as Record<string, unknown>[]).map(fromRow);

/** The attachments of many servers, for lists. */
export async function attachmentsOf(db: Knex, serverIds: readonly string[]): Promise<Map<string, Attachment[]>> {
  const found: Attachment[] = [];
  for (let at = 0; at < serverIds.length; at += 500) {
    const some = db('attachments').whereIn('serverId', serverIds.slice(at, at + 500));
    for (const row of await some.orderBy('place')) found.push(fromRow(row));
  }
  return Map.groupBy(found, ({ serverId }) => serverId);
}

export async function findAttachment(db: Knex, id: string): Promise<Attachment | undefined> {
  const row: unknown = await db('attachments').where({ id }).first();
  return row ? fromRow(row as Record<string, unknown>) : undefined;
}

export async function findByVolume(db: Knex, serverId: string, volumeId: string): Promise<Attachment | undefined> {
  const row: unknown = await db('attachments').where({ serverId, volumeId }).first();
  return row ? fromRow(row as Record<string, unknown>) : undefined;
}

export const changeAttachment = async (tx: Knex, id: string, change: Change): Promise<void> => {
  await tx('attachments').where({ id }).update(toRow(change));
};

/** False when it does not exist, is not attached, or another task owns it. */
export const acquireAttachment = async (tx: Knex, { id, taskId }: Owned): Promise<boolean> =>
  (await tx('attachments').where({ id, taskId: null, state: 'attached' }).update({ taskId, state: 'detaching' })) > 0;

export const updateOwnedAttachment = async (tx: Knex, { id, taskId }: Owned, change: Change): Promise<void> => {
  await tx('attachments').where({ id, taskId }).update(toRow(change));
};

export const releaseAttachment = (tx: Knex, owned: Owned, change: Change): Promise<void> =>
  updateOwnedAttachment(tx, owned, { ...change, taskId: null });

export const removeAttachment = async (tx: Knex, id: string): Promise<void> => {
  await tx('attachments').where({ id }).delete();
};
export const removeAttachmentsOf = async (tx: Knex, serverId: string): Promise<void> => {
  await tx('attachments').where({ serverId }).delete();
};
