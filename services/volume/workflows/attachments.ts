import type { Knex } from 'knex';
import type { Target } from '#shared/contracts/volume-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentNotFound, attachmentRows } from '../attachments/resource.ts';
import { secretOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { volumeRows } from '../volumes/resource.ts';
import { attachmentStatuses, failedStatuses, type VolumeStatus } from '../volumes/states.ts';
import { recordFailure } from './failure.ts';
import { statusOfAttachments } from './volume-status.ts';

export interface OnAttachment {
  readonly attachmentId: string;
}

interface Disconnect extends OnAttachment {
  /** Also reset a volume in an error status. */
  readonly force?: boolean;
}

/** Grants the connector's host access and stores the target; on failure, stores the reason. */
export const connectAttachment = workflow<OnAttachment, Volumes>({
  name: 'connect-attachment',
  deadlineMs: 2 * 60_000,
  steps: [step('grant', grant, revoke)],
  done: async (tx, { attachmentId }, run) => {
    const target = run.result<Target>('grant');
    const { status } = (await attachmentRows.find(tx, { id: attachmentId })) ?? { status: 'reserved' };
    const next = status === 'attached' ? status : 'attaching';
    await attachmentRows.update(
      tx,
      { id: attachmentId, taskId: run.taskId },
      { status: next, target, fault: null, taskId: null },
    );
  },
  failed: async (tx, { attachmentId }, run, reason) => {
    const attachment = await attachmentRows.find(tx, { id: attachmentId });
    if (!attachment) return;
    const about = { projectId: attachment.projectId, resourceId: attachment.volumeId };
    await recordFailure(tx, 'attach', about, run, reason);
    const change = { status: 'error_attaching', target: null, fault: run.details ?? reason } as const;
    await attachmentRows.update(tx, { id: attachmentId, taskId: run.taskId }, { ...change, taskId: null });
  },
});

/** Deletes the attachment from any status; the volume's status then follows its other attachments. */
export const disconnectAttachment = workflow<Disconnect, Volumes>({
  name: 'disconnect-attachment',
  deadlineMs: 5 * 60_000,
  steps: [step('revoke', revoke)],
  done: async (tx, { attachmentId, force }, { taskId }) => {
    const attachment = await attachmentRows.find(tx, { id: attachmentId });
    if (!attachment || attachment.taskId !== taskId) return;
    await attachmentRows.remove(tx, { id: attachmentId, taskId });
    await updateVolumeStatus(
      tx,
      attachment.volumeId,
      force === true ? [...attachmentStatuses, ...failedStatuses] : attachmentStatuses,
    );
  },
  failed: (tx, { attachmentId }, { taskId, details }, reason) => {
    const change = { status: 'error_detaching', fault: details ?? reason } as const;
    return attachmentRows.update(tx, { id: attachmentId, taskId }, { ...change, taskId: null });
  },
});

/** Returns undefined when it was deleted with its volume, or another task owns it. */
async function findOwned(db: Knex, attachmentId: string, { taskId }: Run): Promise<Attachment | undefined> {
  const attachment = await attachmentRows.find(db, { id: attachmentId });
  return attachment?.taskId === taskId ? attachment : undefined;
}

async function grant({ db, hosts, seal }: Volumes, { attachmentId }: OnAttachment, run: Run): Promise<Target> {
  const attachment = await findOwned(db, attachmentId, run);
  if (!attachment) throw attachmentNotFound(attachmentId);
  const { id, volumeId, connector, chapUser, mode } = attachment;
  const volume = await volumeRows.find(db, { id: volumeId });
  if (!volume?.host) throw conflict(`Volume ${volumeId} has no bytes yet.`);
  return hosts.on(volume.host, run).ensureGrant({
    id,
    volumeId,
    initiator: connector?.initiator ?? '',
    user: chapUser,
    secret: secretOf(seal)(attachment),
    readOnly: mode === 'ro',
  });
}

async function revoke({ db, hosts }: Volumes, { attachmentId }: OnAttachment, run: Run): Promise<void> {
  const attachment = await findOwned(db, attachmentId, run);
  if (!attachment?.connector) return;
  const { id, volumeId } = attachment;
  const volume = await volumeRows.find(db, { id: volumeId });
  if (volume?.host) await ignoreHostAway(hosts.on(volume.host, run).ensureGrantGone({ id, volumeId }));
}

async function updateVolumeStatus(tx: Knex, volumeId: string, from: readonly VolumeStatus[]): Promise<void> {
  const status = await statusOfAttachments(tx, volumeId);
  await volumeRows.update(tx, { id: volumeId, status: from }, { status });
}
