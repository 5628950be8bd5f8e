/** The status of a volume whose task has ended. */
import type { Knex } from 'knex';
import { attachmentRows } from '../attachments/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import type { VolumeStatus } from '../volumes/states.ts';

/** in-use while one attachment is attached, reserved while there is another one, else available. */
export async function statusOfAttachments(tx: Knex, volumeId: string): Promise<VolumeStatus> {
  const left = await attachmentRows.list(tx, { volumeId });
  if (left.some(({ status }) => status === 'attached')) return 'in-use';
  return left.length > 0 ? 'reserved' : 'available';
}

interface Owned {
  readonly id: string;
  readonly taskId: string;
  /** Only from this status. */
  readonly status?: VolumeStatus;
}

/**
 * Releases a volume that a task owned without changing it. Its attachments may have changed meanwhile, so they decide what its
 * status is, unless it had failed before.
 */
export async function releaseVolume(tx: Knex, owned: Owned): Promise<void> {
  const volume = await volumeRows.find(tx, owned);
  if (!volume) return;
  const { previousStatus: former } = volume;
  const status = former?.startsWith('error') ? former : await statusOfAttachments(tx, volume.id);
  await volumeRows.update(tx, owned, { status, previousStatus: null, taskId: null });
}
