import { randomBytes, randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { findVolume, getVolume, updateVolumeState, type Volume } from '../volumes/store.ts';
import { type Attachment, insertAttachment, listAttachmentsOf } from './store.ts';

export interface ReserveInput {
  readonly volume_uuid: string;
  readonly instance_uuid?: string | null;
  readonly mode?: Attachment['mode'] | null;
}

/** Keeps the volume for a server; 400 when somebody else has it. */
export async function reserve(
  { db, seal }: Volumes,
  caller: Caller,
  input: ReserveInput,
  mayShareBootable: () => void,
): Promise<Attachment> {
  const volume = await getVolume(db, caller, input.volume_uuid);
  const { id, status, multiattach, bootable, readOnly } = volume;
  if (multiattach && status === 'in-use' && bootable) mayShareBootable();
  if (status.includes('error'))
    throw badRequest(
      `Invalid volume: Volume attachments can not be created if the volume is in an error state. The Volume ${id} currently has a status of: ${status} `,
    );
  const mode = readOnly ? 'ro' : (input.mode ?? 'null');
  const given = { id: randomUUID(), serverId: input.instance_uuid ?? null, mode, byService: isService(caller) };
  const fresh = newAttachment(volume, given, seal);
  await db.transaction(async (tx) => {
    const from = multiattach ? (['available', 'in-use'] as const) : (['available'] as const);
    if (
      !(await updateVolumeState(tx, id, from, { status: 'reserved' })) &&
      !(await isSameServer(tx, id, fresh.serverId))
    )
      throw badRequest(
        `Invalid volume: Volume ${id} status must be ${from.join(' or ')} or downloading to reserve, but the current status is ${(await findVolume(tx, id))?.status}.`,
      );
    await insertAttachment(tx, fresh);
  });
  return fresh;
}

/** A server that moves to another host is attached twice for a while. */
async function isSameServer(tx: Volumes['db'], volumeId: string, serverId: string | null): Promise<boolean> {
  const status = (await findVolume(tx, volumeId))?.status ?? '';
  if (serverId === null || !['in-use', 'reserved'].includes(status)) return false;
  return (await listAttachmentsOf(tx, [volumeId])).some((attachment) => attachment.serverId === serverId);
}

type Given = Pick<Attachment, 'id' | 'serverId' | 'mode' | 'byService'>;

/** With an account that is used for nothing else: CHAP knows it as long as the attachment lives. */
export const newAttachment = ({ id: volumeId, projectId }: Volume, given: Given, { seal }: Seal): Attachment => ({
  ...given,
  volumeId,
  projectId,
  taskId: null,
  status: 'reserved',
  connector: null,
  target: null,
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
