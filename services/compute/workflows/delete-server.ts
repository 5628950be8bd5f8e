import type { Knex } from 'knex';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { endAbandoned, endAction } from '../actions/store.ts';
import { removeAttachmentsOf } from '../attachments/store.ts';
import { removeConsolesOf } from '../consoles/store.ts';
import type { Compute } from '../context.ts';
import { removeInterfacesOf } from '../interfaces/store.ts';
import { findOwnServer, releaseServer } from '../servers/store.ts';
import { awaitTurn, ensureGuestGone, type OnServer, owned } from './guest.ts';
import { unplugPorts } from './ports.ts';
import { disconnectVolumes } from './volumes.ts';

/** To nothing, from anywhere: it also cleans up after the work it interrupted. */
export const deleteServer = workflow<OnServer, Compute>({
  name: 'delete-server',
  deadlineMs: 15 * 60_000,
  steps: [
    step('destroy-guest', destroyGuest),
    step('detach-volumes', detachVolumes),
    step('unplug-ports', async (compute, on, run) =>
      unplugPorts(compute, await findOwnServer(compute.db, owned(on, run))),
    ),
    step('release-resources', ({ placement }, { serverId }) => placement.deallocate(serverId)),
  ],
  done: becomeDeleted,
  failed: async (tx, on, run, reason) => {
    const fault = { code: 500, message: reason, created: Date.now() };
    await releaseServer(tx, owned(on, run), { vmState: 'error', fault });
    await endAction(tx, run.taskId, reason);
  },
});

/** A host that is away finds this work when it returns. */
async function destroyGuest(compute: Compute, on: OnServer, run: Run): Promise<void> {
  await awaitTurn(compute, on.serverId, run);
  await ensureGuestGone(compute, await findOwnServer(compute.db, owned(on, run)), run);
}

async function detachVolumes(compute: Compute, on: OnServer, run: Run): Promise<void> {
  const server = await findOwnServer(compute.db, owned(on, run));
  await disconnectVolumes(
    compute,
    server,
    ({ deleteOnTermination, volumeId }) => deleteOnTermination || volumeId === null,
    run.signal,
  );
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
  await removeAttachmentsOf(tx, on.serverId);
  await removeInterfacesOf(tx, on.serverId);
  await removeConsolesOf(tx, on.serverId);
  await endAction(tx, run.taskId);
  await endAbandoned(tx, on.serverId, run.taskId);
}
