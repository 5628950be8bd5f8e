/** What nobody asks for: rows that lost their work, and history that is old enough. */
import { every, type Ticker } from '#shared/clock/every.ts';
import { sweepWork } from '#shared/hosts/work.ts';
import type { Volumes } from './context.ts';
import { changeSnapshot, listOrphanSnapshots } from './snapshots/store.ts';
import { removeMessagesBefore } from './user-messages/store.ts';
import { changeVolume, listOrphanVolumes } from './volumes/store.ts';

const minute = 60_000;

export const openTimers = (service: Volumes): Ticker[] => [
  every(
    minute,
    () => failOrphans(service),
    (error) => service.log.warn({ error }, 'rows were not swept'),
  ),
  every(
    60 * minute,
    () => deleteOldMessages(service),
    (error) => service.log.warn({ error }, 'old history stays'),
  ),
];

/** A row in a passing state always has a live task: the fault tests see to it that no orphan is ever found. */
async function failOrphans({ db, log, config }: Volumes): Promise<void> {
  await sweepWork(db, Date.now() - config.keepWorkMs);
  for (const { id, status } of await listOrphanVolumes(db)) {
    await changeVolume(db, id, { status: 'error', taskId: null });
    log.error({ volumeId: id, status }, 'a volume had lost its task');
  }
  for (const { id, status } of await listOrphanSnapshots(db)) {
    await changeSnapshot(db, id, { status: 'error', taskId: null });
    log.error({ snapshotId: id, status }, 'a snapshot had lost its task');
  }
}

async function deleteOldMessages({ db, config }: Volumes): Promise<void> {
  await removeMessagesBefore(db, Date.now() - config.historyMs);
}
