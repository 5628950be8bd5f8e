import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { lockProject, reserveQuota } from '../quotas/operations.ts';
import { changeSnapshot, listSnapshotsOf } from '../snapshots/store.ts';
import { changeVolume, findVolume, getVolume, updateVolumeState, type Volume } from '../volumes/store.ts';
import { getAnyTransfer, getTransfer, insertTransfer, removeTransfer, type Transfer } from './store.ts';

export interface TransferInput {
  readonly volume_id: string;
  readonly name?: string | null;
  readonly no_snapshots?: boolean | string | null;
}

const hashOf = (salt: string, key: string) => createHmac('sha256', salt).update(key).digest('hex');

/** Creates a transfer of an available volume; returns the key that accepts it. */
export async function offer(
  service: Volumes,
  caller: Caller,
  input: TransferInput,
): Promise<Transfer & { key: string }> {
  const { db } = service;
  const { id: volumeId, projectId } = await getVolume(db, caller, input.volume_id);
  const [salt, key] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  const transfer: Transfer = {
    id: randomUUID(),
    volumeId,
    projectId,
    name: input.name?.trim() ?? null,
    salt,
    keyHash: hashOf(salt, key),
    noSnapshots: /^(true|1)$/i.test(String(input.no_snapshots ?? false)),
    createdAt: Date.now(),
  };
  await db.transaction(async (tx) => {
    if (!(await updateVolumeState(tx, volumeId, ['available'], { status: 'awaiting-transfer' })))
      throw badRequest('Invalid volume: status must be available');
    const snapshots = transfer.noSnapshots ? [] : await listSnapshotsOf(tx, volumeId);
    const busy = snapshots.find(({ status }) => status !== 'available');
    if (busy) throw badRequest(`Invalid snapshot: snapshot: ${busy.id} status must be available`);
    await insertTransfer(tx, transfer);
  });
  return { ...transfer, key };
}

/** Moves the volume, and its snapshots unless `noSnapshots`, to the caller's project, within its quota. */
export async function accept({ db }: Volumes, caller: Caller, id: string, key: string): Promise<Transfer> {
  const transfer = await getAnyTransfer(db, id);
  if (!timingSafeEqual(Buffer.from(hashOf(transfer.salt, key)), Buffer.from(transfer.keyHash)))
    throw badRequest(`Invalid auth key: Attempt to transfer ${id} with invalid auth key.`);
  await db.transaction(async (tx) => {
    await lockProject(tx, projectOf(caller)); // before the first read: usage is counted from that snapshot of the database
    const volume = await findVolume(tx, transfer.volumeId);
    if (!volume) throw badRequest(`Invalid volume: Volume ${transfer.volumeId} is gone.`);
    await changeOwner(tx, caller, volume, transfer);
    if (!(await removeTransfer(tx, id))) throw badRequest(`Transfer ${id} was accepted already.`);
  });
  return transfer;
}

async function changeOwner(
  tx: Volumes['db'],
  caller: Caller,
  volume: Volume,
  { noSnapshots }: Transfer,
): Promise<void> {
  const snapshots = noSnapshots ? [] : await listSnapshotsOf(tx, volume.id);
  const snapshotGb = snapshots.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const [projectId, userId] = [projectOf(caller), caller.userId];
  const gigabytes = volume.sizeGb + snapshotGb;
  await reserveQuota(tx, { projectId, typeId: volume.typeId, volumes: 1, snapshots: snapshots.length, gigabytes });
  const change = { status: 'available', projectId, userId } as const;
  if (!(await updateVolumeState(tx, volume.id, ['awaiting-transfer'], change)))
    throw badRequest(`Invalid volume: Transfer of volume ${volume.id}: it is not awaiting a transfer.`);
  for (const { id } of snapshots) await changeSnapshot(tx, id, { projectId, userId });
}

/** Cancels the transfer; the volume is available again. */
export async function withdraw({ db }: Volumes, caller: Caller, id: string): Promise<void> {
  const { volumeId } = await getTransfer(db, caller, id);
  await db.transaction(async (tx) => {
    await removeTransfer(tx, id);
    if ((await findVolume(tx, volumeId))?.status === 'awaiting-transfer')
      await changeVolume(tx, volumeId, { status: 'available' });
  });
}
