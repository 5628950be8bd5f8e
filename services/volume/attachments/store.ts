import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import type { Target } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { acquire, type Owned, updateOwned } from '#shared/states/owned.ts';
import { type AttachmentStatus, attachmentTransitions } from './states.ts';

/** The host that connects, as it describes itself. */
export interface Connector {
  readonly host?: string;
  readonly ip?: string;
  readonly initiator?: string;
  readonly mountpoint?: string | null;
  readonly mode?: string | null;
  readonly [more: string]: unknown;
}

export interface Attachment extends Owned {
  readonly projectId: string;
  readonly volumeId: string;
  readonly serverId: string | null;
  readonly status: AttachmentStatus;
  readonly mode: 'rw' | 'ro' | 'null';
  readonly connector: Connector | null;
  /** The iSCSI target; null until the volume is exported. */
  readonly target: Target | null;
  readonly chapUser: string;
  /** The CHAP secret, sealed; null in rows of earlier versions, which have it in clear in `chapSecret`. */
  readonly sealedSecret: string | null;
  readonly chapSecret: string;
  /** True when a service created it; an attachment that a user creates with a server's id is not that server's. */
  readonly byService: boolean;
  readonly mountpoint: string | null;
  readonly attachedHost: string | null;
  /** Why the export or its removal failed. */
  readonly fault: string | null;
  readonly attachedAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

/** The attachment's CHAP secret in clear. */
export const secretOf =
  ({ open }: Seal) =>
  ({ sealedSecret, chapSecret }: Attachment): string =>
    sealedSecret === null ? chapSecret : open(sealedSecret);

const jsonColumns = ['connector', 'target'] as const;

function toRow(attachment: Partial<Attachment>): Record<string, unknown> {
  const texts = jsonColumns
    .filter((key) => attachment[key] !== undefined)
    .map((key) => [key, attachment[key] === null ? null : JSON.stringify(attachment[key])]);
  return { ...attachment, ...Object.fromEntries(texts) };
}

export function attachmentOf(row: Record<string, unknown>): Attachment {
  const texts = jsonColumns.map((key) => [key, row[key] === null ? null : JSON.parse(String(row[key]))]);
  const time = (value: unknown) => (value === null ? null : Number(value));
  const times = { attachedAt: time(row.attachedAt), createdAt: Number(row.createdAt), updatedAt: time(row.updatedAt) };
  const byService = Boolean(row.byService);
  return { ...row, ...Object.fromEntries(texts), ...times, byService } as unknown as Attachment;
}

export const insertAttachment = (tx: Knex, attachment: Attachment) => tx('attachments').insert(toRow(attachment));
export const removeAttachment = (tx: Knex, owned: Owned) =>
  tx('attachments')
    .where({ ...owned })
    .delete();
export const removeAttachmentsOf = (tx: Knex, volumeId: string) => tx('attachments').where({ volumeId }).delete();

export const attachmentNotFound = (id: string) =>
  new Fault(404, 'notFound', `Volume attachment could not be found with filter: attachment_id = ${id}.`);

export async function getAttachment(db: Knex, caller: Caller, id: string): Promise<Attachment> {
  const attachment = await findAttachment(db, id);
  if (!attachment || (!isAdmin(caller) && attachment.projectId !== caller.projectId)) throw attachmentNotFound(id);
  return attachment;
}

export async function findAttachment(db: Knex, id: string): Promise<Attachment | undefined> {
  const row = await db('attachments').where({ id }).first();
  return row ? attachmentOf(row) : undefined;
}

export const listAttachmentsOf = async (db: Knex, volumeIds: readonly string[]): Promise<Attachment[]> =>
  volumeIds.length === 0
    ? []
    : (await db('attachments').whereIn('volumeId', volumeIds).orderBy('createdAt')).map(attachmentOf);

export const acquireAttachment = (tx: Knex, verb: keyof typeof attachmentTransitions, owned: Owned): Promise<boolean> =>
  acquire<Attachment>(tx, 'attachments', owned, attachmentTransitions[verb]);

export const updateOwnedAttachment = (tx: Knex, owned: Owned, change: Partial<Attachment>) =>
  updateOwned<Attachment>(tx, 'attachments', owned, toRow({ ...change, updatedAt: Date.now() }) as Partial<Attachment>);

export const releaseAttachment = (tx: Knex, owned: Owned, change: Partial<Attachment>) =>
  updateOwnedAttachment(tx, owned, { ...change, taskId: null });

/** Returns false when the attachment is in none of these statuses. */
export const updateAttachmentState = async (
  tx: Knex,
  id: string,
  from: readonly AttachmentStatus[],
  change: Partial<Attachment>,
): Promise<boolean> =>
  (await tx('attachments')
    .where({ id })
    .whereIn('status', from)
    .update(toRow({ ...change, updatedAt: Date.now() }))) > 0;
