import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { findOwnVolume, readVolume, releaseVolume } from '../volumes/store.ts';
import { tellFailure } from './failure.ts';

interface Extend {
  readonly volumeId: string;
  readonly sizeGb: number;
}

/** Larger, and available again. There is no way back to smaller: a failure leaves error_extending. */
export const extendVolume = workflow<Extend, Volumes>({
  name: 'extend-volume',
  deadlineMs: 10 * 60_000,
  steps: [step('grow', grow)],
  done: (tx, { volumeId, sizeGb }, { taskId }) =>
    releaseVolume(tx, { id: volumeId, taskId }, { status: 'available', sizeGb, growToGb: null }),
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await readVolume(tx, volumeId);
    if (!volume) return;
    await tellFailure(tx, 'extend', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    await releaseVolume(tx, { id: volumeId, taskId: run.taskId }, { status: 'error_extending', growToGb: null });
  },
});

/** Its own source: a host that lost the bytes says so, instead of making an empty volume. */
async function grow({ db, hosts }: Volumes, { volumeId, sizeGb }: Extend, run: Run): Promise<void> {
  const { id, host } = await findOwnVolume(db, { id: volumeId, taskId: run.taskId });
  const source = { kind: 'volume', volumeId: id } as const;
  await hosts.on(host ?? '', run).ensureVolume({ id, sizeGb, source });
}
