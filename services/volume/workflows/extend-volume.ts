import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { requireRoom } from './scheduler/pools.ts';

interface Extend {
  readonly volumeId: string;
  readonly sizeGb: number;
}

/**
 * Extends the volume. Without room its size and status do not change. There is no undo, because volumes cannot shrink: a
 * failure on the host leaves error_extending.
 */
export const extendVolume = workflow<Extend, Volumes>({
  name: 'extend-volume',
  deadlineMs: 10 * 60_000,
  steps: [step('find-room', findRoom), step('grow', grow)],
  done: (tx, { volumeId, sizeGb }, { taskId }) =>
    volumeRows.update(tx, { id: volumeId, taskId }, { status: 'available', sizeGb, growToGb: null, taskId: null }),
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await volumeRows.find(tx, { id: volumeId });
    if (!volume) return;
    await recordFailure(tx, 'extend', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    const status = hasFoundRoom(run) ? 'error_extending' : 'available';
    await volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, { status, growToGb: null, taskId: null });
  },
});

/** Whether the host may have been called. */
function hasFoundRoom(run: Run): boolean {
  try {
    return run.result<boolean>('find-room');
  } catch {
    return false;
  }
}

async function findRoom(service: Volumes, { volumeId, sizeGb }: Extend, run: Run): Promise<true> {
  await run.commit(async (tx) => {
    const volume = await volumeRows.expect(tx, { id: volumeId, taskId: run.taskId });
    await requireRoom(service, tx, volume, sizeGb - volume.sizeGb);
  });
  return true;
}

/** The volume is its own source, so a host that lost the data fails instead of creating an empty volume. */
async function grow({ db, hosts }: Volumes, { volumeId, sizeGb }: Extend, run: Run): Promise<void> {
  const { id, host } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  const source = { kind: 'volume', volumeId: id } as const;
  await hosts.on(host ?? '', run).ensureVolume({ id, sizeGb, source });
}
