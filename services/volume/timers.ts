/** Clock entry point: rows without a task, and expired messages. */
import { every, type Ticker } from '#shared/clock/every.ts';
import { isHeld } from '#shared/db/hold.ts';
import { deleteOldWork } from '#shared/hosts/work.ts';
import { listOrphans } from '#shared/states/owned.ts';
import { backupRows } from './backups/resource.ts';
import type { Volumes } from './context.ts';
import { groupSnapshotRows } from './group-snapshots/resource.ts';
import { groupRows } from './groups/resource.ts';
import { snapshotRows } from './snapshots/resource.ts';
import { removeMessagesBefore } from './user-messages/store.ts';
import { volumeRows } from './volumes/resource.ts';

const minute = 60_000;

export const openTimers = (service: Volumes): Ticker[] => [
  every(
    minute,
    () => failOrphans(service),
    (error) => service.log.warn({ error }, 'sweep of rows without a task failed, it is retried'),
  ),
  every(
    60 * minute,
    () => deleteOldMessages(service),
    (error) => service.log.warn({ error }, 'expired messages could not be deleted, retrying later'),
  ),
];

/** A row in a transitional state always has a live task: the fault tests prove that this never finds one. */
async function failOrphans({ db, log, config }: Volumes): Promise<void> {
  if (await isHeld(db)) return;
  await deleteOldWork(db, Date.now() - config.keepWorkMs);
  for (const rows of [volumeRows, snapshotRows, groupRows, groupSnapshotRows, backupRows])
    for (const { id, status } of await listOrphans(db, rows.name, [
      'creating',
      'downloading',
      'extending',
      'uploading',
      'backing-up',
      'restoring',
      'reverting',
      'retyping',
      'managing',
      'unmanaging',
      'restoring-backup',
      'deleting',
    ])) {
      await rows.update(db, { id }, { status: 'error', taskId: null });
      log.error({ table: rows.name, id, status }, 'a row in a transitional state has no task, status set to error');
    }
}

async function deleteOldMessages({ db, config }: Volumes): Promise<void> {
  await removeMessagesBefore(db, Date.now() - config.historyMs);
}
