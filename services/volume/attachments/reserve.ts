import { randomBytes, randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { getVolume } from '../volumes/store.ts';
import { type Attachment, attachmentRows } from './resource.ts';

export interface ReserveInput {
  readonly volume_uuid: string;
  readonly instance_uuid?: string | null;
  readonly mode?: Attachment['mode'] | null;
}

/** Reserves the volume for a server; throws 400 when it is reserved or in use. */
export async function reserve(
  { db, seal }: Volumes,
  caller: Caller,
  input: ReserveInput,
  mayShareBootable: () => void,
): Promise<Attachment> {
  const volume = await getVolume(db, caller, input.volume_uuid);
  authorize(caller, 'volume:attachment_create', { project_id: volume.projectId });
  const { id, status, multiattach, bootable, readOnly } = volume;
  if (multiattach && status === 'in-use' && bootable) mayShareBootable();
  if (status.includes('error'))
    throw badRequest(
      `Invalid volume: Volume attachments can not be created if the volume is in an error state. The Volume ${id} currently has a status of: ${status} `,
    );
  const mode = readOnly ? 'ro' : (input.mode ?? 'null');
  const identity = { id: randomUUID(), serverId: input.instance_uuid ?? null, mode, byService: isService(caller) };
  const attachment = newAttachment(volume, identity, seal);
  await db.transaction(async (tx) => {
    const from = multiattach ? (['available', 'in-use'] as const) : (['available'] as const);
    if (
      !(await volumeRows.update(tx, { id, status: from }, { status: 'reserved' })) &&
      !(await isSameServer(tx, id, attachment.serverId))
    )
      throw badRequest(
        `Invalid volume: Volume ${id} status must be ${from.join(' or ')} or downloading to reserve, but the current status is ${(await volumeRows.find(tx, { id }))?.status}.`,
      );
    await attachmentRows.insert(tx, attachment);
  });
  return attachment;
}

/** During a migration a server has two attachments of the same volume. */
async function isSameServer(tx: Volumes['db'], volumeId: string, serverId: string | null): Promise<boolean> {
  const status = (await volumeRows.find(tx, { id: volumeId }))?.status ?? '';
  if (serverId === null || !['in-use', 'reserved'].includes(status)) return false;
  return (await attachmentRows.list(tx, { volumeId })).some((each) => each.serverId === serverId);
}

type Identity = Pick<Attachment, 'id' | 'serverId' | 'mode' | 'byService'>;

/** Generates a CHAP account that belongs to this attachment alone and is deleted with it. */
export const newAttachment = (
  { id: volumeId, projectId, encryptionKeyId }: Volume,
  identity: Identity,
  { seal }: Seal,
): Attachment => ({
  ...identity,
  volumeId,
  projectId,
  taskId: null,
  status: 'reserved',
  connector: null,
  target: null,
  limits: null,
  encryptionKeyId,
  chapUser: randomBytes(10).toString('hex'),
  sealedSecret: seal(randomBytes(16).toString('base64url').replaceAll(/[-_]/g, 'x')),
  chapSecret: '',
  mountpoint: null,
  attachedHost: null,
  fault: null,
  attachedAt: null,
  createdAt: Date.now(),
  updatedAt: null,
});
