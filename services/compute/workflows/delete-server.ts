import type { Knex } from 'knex';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import { removeConsolesOf } from '../consoles/store.ts';
import type { Compute } from '../context.ts';
import { endAbandoned, endAction } from '../instance-actions/store.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { changeMigration, listUncleanMigrations } from '../server-migrations/store.ts';
import { getOwnedServer, releaseServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuestGone, faultOf, type OnServer, owned } from './guest.ts';
import { unplugPorts } from './ports.ts';
import { endShelvedImage } from './shelve-server.ts';
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
    step('release-resources', releaseResources),
  ],
  done: becomeDeleted,
  failed: async (tx, on, run, reason) => {
    const fault = faultOf(run, reason);
    await releaseServer(tx, owned(on, run), { vmState: 'error', fault });
    await endAction(tx, run, reason);
  },
});

/** Also on the hosts of a move that has not ended. A host that is down finds this work when it returns. */
async function destroyGuest(compute: Compute, on: OnServer, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  await ensureGuestGone(compute, server, run);
  const moves = await listUncleanMigrations(compute.db, server.id);
  const hosts = new Set(moves.flatMap(({ sourceHost, destHost }) => [sourceHost, destHost ?? sourceHost]));
  for (const host of hosts) if (host !== server.host) await ensureGuestGone(compute, { ...server, host }, run);
}

async function releaseResources({ db, placement }: Compute, { serverId }: OnServer): Promise<void> {
  for (const { id } of await listUncleanMigrations(db, serverId)) await placement.deallocate(id);
  await placement.deallocate(serverId);
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
  const { shelvedImageId } = await getOwnedServer(tx, owned(on, run));
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
  await endShelvedImage(tx, shelvedImageId, run.requestId);
  for (const { id, status } of await listUncleanMigrations(tx, on.serverId))
    await changeMigration(tx, id, { cleaned: true, ...(status === 'finished' ? { status: 'confirmed' } : {}) });
  await endAction(tx, run);
  await endAbandoned(tx, on.serverId, run.taskId);
}
