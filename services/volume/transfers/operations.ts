import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { keyRows } from '../keys/resource.ts';
import { lockProject, reserveQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { getVolume } from '../volumes/store.ts';
import { type NewTransfer, type Transfer, transferRows } from './resource.ts';

const hashOf = (salt: string, key: string) => createHmac('sha256', salt).update(key).digest('hex');

interface OfferOptions {
  /** Since 3.70. */
  readonly mayBeEncrypted: boolean;
}

/** Snapshots have the key of their volume. */
function requireWhole({ noSnapshots }: NewTransfer, { mayBeEncrypted }: OfferOptions): void {
  if (!mayBeEncrypted) throw badRequest('Invalid volume: transferring encrypted volume is not supported');
  if (noSnapshots)
    throw badRequest('Invalid volume: transferring an encrypted volume without its snapshots is not supported');
}

/** Creates a transfer of an available volume; returns the key that accepts it. */
export async function offer(
  { db }: Volumes,
  caller: Caller,
  input: NewTransfer,
  options: OfferOptions,
): Promise<Transfer & { key: string }> {
  const { id: volumeId, projectId, encryptionKeyId } = await getVolume(db, caller, input.volumeId);
  authorize(caller, 'volume:create_transfer', { project_id: projectId });
  if (encryptionKeyId !== null) requireWhole(input, options);
  const [salt, key] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  const transfer: Transfer = {
    ...input,
    id: randomUUID(),
    projectId,
    salt,
    keyHash: hashOf(salt, key),
    createdAt: Date.now(),
  };
  await db.transaction(async (tx) => {
    if (!(await volumeRows.update(tx, { id: volumeId, status: ['available'] }, { status: 'awaiting-transfer' })))
      throw badRequest('Invalid volume: status must be available');
    const snapshots = transfer.noSnapshots ? [] : await snapshotRows.list(tx, { volumeId });
    const busy = snapshots.find(({ status }) => status !== 'available');
    if (busy) throw badRequest(`Invalid snapshot: snapshot: ${busy.id} status must be available`);
    await transferRows.insert(tx, transfer);
  });
  return { ...transfer, key };
}

/** Moves the volume, and its snapshots unless `noSnapshots`, to the caller's project, within its quota. */
export async function accept({ db }: Volumes, caller: Caller, id: string, key: string): Promise<Transfer> {
  const transfer = await transferRows.get(db, id);
  if (!isSameSecret(hashOf(transfer.salt, key), transfer.keyHash))
    throw badRequest(`Invalid auth key: Attempt to transfer ${id} with invalid auth key.`);
  await db.transaction(async (tx) => {
    await lockProject(tx, projectOf(caller)); // before the first read: usage is counted from that snapshot of the database
    const volume = await volumeRows.find(tx, { id: transfer.volumeId });
    if (!volume) throw badRequest(`Invalid volume: Volume ${transfer.volumeId} is gone.`);
    await changeOwner(tx, caller, volume, transfer);
    if (!(await transferRows.remove(tx, { id }))) throw badRequest(`Transfer ${id} was accepted already.`);
  });
  return transfer;
}

async function changeOwner(
  tx: Volumes['db'],
  caller: Caller,
  volume: Volume,
  { noSnapshots }: Transfer,
): Promise<void> {
  const snapshots = noSnapshots ? [] : await snapshotRows.list(tx, { volumeId: volume.id });
  const snapshotGb = snapshots.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const [projectId, userId] = [projectOf(caller), caller.userId];
  const gigabytes = volume.sizeGb + snapshotGb;
  await reserveQuota(tx, { projectId, typeId: volume.typeId, volumes: 1, snapshots: snapshots.length, gigabytes });
  const change = { status: 'available', projectId, userId } as const;
  if (!(await volumeRows.update(tx, { id: volume.id, status: ['awaiting-transfer'] }, change)))
    throw badRequest(`Invalid volume: Transfer of volume ${volume.id}: it is not awaiting a transfer.`);
  if (volume.encryptionKeyId !== null) await keyRows.update(tx, { id: volume.encryptionKeyId }, { projectId });
  for (const { id } of snapshots) await snapshotRows.update(tx, { id }, { projectId, userId });
}

/** Cancels the transfer; the volume is available again. */
export async function withdraw({ db }: Volumes, { id, volumeId }: Transfer): Promise<void> {
  await db.transaction(async (tx) => {
    await transferRows.remove(tx, { id });
    if ((await volumeRows.find(tx, { id: volumeId }))?.status === 'awaiting-transfer')
      await volumeRows.update(tx, { id: volumeId }, { status: 'available' });
  });
}
