import type { Knex } from 'knex';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import { removeConsolesOf } from '../consoles/store.ts';
import type { Compute } from '../context.ts';
import { endAbandoned, endAction } from '../instance-actions/store.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { getOwnedServer, releaseServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuestGone, faultOf, type OnServer, owned } from './guest.ts';
import { unplugPorts } from './ports.ts';
import { removeUnlessActive } from './snapshot-server.ts';
import { disconnectVolumes } from './volumes.ts';

interface DeleteParams extends OnServer {
  /** The image of a snapshot that this delete interrupted. */
  readonly imageId?: string;
}

/** From any state to deleted; also cleans up after the task it interrupted. */
export const deleteServer = workflow<DeleteParams, Compute>({
  name: 'delete-server',
  deadlineMs: 15 * 60_000,
  steps: [
    step('destroy-guest', destroyGuest),
    step('end-snapshot', endSnapshot),
    step('detach-volumes', detachVolumes),
    step('unplug-ports', async (compute, on, run) =>
      unplugPorts(compute, await getOwnedServer(compute.db, owned(on, run))),
    ),
    step('release-resources', ({ placement }, { serverId }) => placement.deallocate(serverId)),
  ],
  done: becomeDeleted,
  failed: async (tx, on, run, reason) => {
    const fault = faultOf(run, reason);
    await releaseServer(tx, owned(on, run), { vmState: 'error', fault });
    await endAction(tx, run, reason);
  },
});

/** A host that is down finds this work when it returns. */
async function destroyGuest(compute: Compute, on: OnServer, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  await ensureGuestGone(compute, await getOwnedServer(compute.db, owned(on, run)), run);
}

async function endSnapshot(compute: Compute, { imageId }: DeleteParams): Promise<void> {
  if (imageId !== undefined) await removeUnlessActive(compute, imageId);
}

async function detachVolumes(compute: Compute, on: OnServer, run: Run): Promise<void> {
  const server = await getOwnedServer(compute.db, owned(on, run));
  const isDeleted = ({ deleteOnTermination, volumeId }: Attachment) => deleteOnTermination || volumeId === null;
  await disconnectVolumes(compute, server, isDeleted, run);
}

async function becomeDeleted(tx: Knex, on: OnServer, run: Run): Promise<void> {
  const now = Date.now();
  await releaseServer(tx, owned(on, run), {
    vmState: 'deleted',
    powerState: null,
    addresses: {},
    terminatedAt: now,
    deletedAt: now,
  });
  await attachmentTable.removeOf(tx, on.serverId);
  await interfaceTable.removeOf(tx, on.serverId);
  await removeConsolesOf(tx, on.serverId);
  await endAction(tx, run);
  await endAbandoned(tx, on.serverId, run.taskId);
}
