import { Fault } from '#shared/errors/fault.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentRows } from '../attachments/resource.ts';
import type { Volumes } from '../context.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { requireRoom } from './scheduler/pools.ts';
import { releaseVolume, statusOfAttachments } from './volume-status.ts';

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
  steps: [step('find-room', findRoom), step('grow', grow), step('tell-compute', tellCompute)],
  done: async (tx, { volumeId: id, sizeGb }, { taskId }) => {
    await volumeRows.update(tx, { id, taskId }, { sizeGb, growToGb: null });
    await releaseVolume(tx, { id, taskId });
  },
  failed: async (tx, { volumeId }, run, reason) => {
    const volume = await volumeRows.find(tx, { id: volumeId });
    if (!volume) return;
    await recordFailure(tx, 'extend', { projectId: volume.projectId, resourceId: volumeId }, run, reason);
    const status = hasFoundRoom(run) ? 'error_extending' : await statusOfAttachments(tx, volumeId);
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

/** The hosts of its servers tell their guests. A server that is gone needs not know. */
async function tellCompute({ db, compute }: Volumes, { volumeId, sizeGb }: Extend, run: Run): Promise<void> {
  const attached = await attachmentRows.list(db, { volumeId, status: 'attached' });
  if (attached.length === 0) return;
  const lun = run.result<number | null>('grow');
  await run.commit(async (tx) => {
    await volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, { sizeGb });
    if (lun !== null) await moveTargets(tx, volumeId, lun);
  });
  for (const { serverId } of attached)
    if (serverId !== null)
      await compute
        .sendEvents([{ name: 'volume-extended', server_uuid: serverId, tag: volumeId }])
        .catch((error: unknown) => {
          if (!(error instanceof Fault) || error.status !== 404) throw error;
        });
}

/** Those that are connected find the new size at another LUN of their target. */
async function moveTargets(tx: Volumes['db'], volumeId: string, lun: number): Promise<void> {
  for (const { id, target } of await attachmentRows.list(tx, { volumeId }))
    if (target && 'lun' in target) await attachmentRows.update(tx, { id }, { target: { ...target, lun } });
}

/** The volume is its own source, so a host that lost the data fails instead of creating an empty volume. */
async function grow({ db, hosts }: Volumes, { volumeId, sizeGb }: Extend, run: Run): Promise<number | null> {
  const { id, host } = await volumeRows.expect(db, { id: volumeId, taskId: run.taskId });
  const source = { kind: 'volume', volumeId: id } as const;
  const { lun = null } = await hosts.on(host ?? '', run).ensureVolume({ id, sizeGb, source });
  return lun;
}
