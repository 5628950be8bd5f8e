import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { paramsOf } from '#shared/workflow/tasks.ts';
import type { Compute } from '../context.ts';
import { deleteServer } from '../workflows/delete-server.ts';
import { offloadServer } from '../workflows/shelve-server.ts';
import { snapshotServer } from '../workflows/snapshot-server.ts';
import { softDeleteServer } from '../workflows/soft-delete.ts';
import { beginTask } from './begin-task.ts';
import { liveStates, powerOf, type ServerTransition } from './states.ts';
import { findServer, listShelved, listSoftDeleted, type Server } from './store.ts';

const transition: ServerTransition = {
  name: 'delete',
  from: { vmState: liveStates },
  meanwhile: { taskState: 'deleting' },
  overOwner: true,
};

type By = Pick<Caller, 'requestId' | 'userId' | 'projectId'>;

/** From any state, replacing any other task. Idempotent while the server is being deleted. */
export async function removeServer(compute: Compute, caller: By, server: Server): Promise<void> {
  if (server.taskState === 'deleting') return;
  const { id: serverId } = server;
  await beginTask(compute, caller, server, {
    transitions: [transition],
    workflow: deleteServer,
    params: async (tx) => ({ serverId, ...(await snapshotInProgress(tx, serverId)) }),
    action: 'delete',
    event: 'compute_terminate_instance',
    withoutHost: true,
  });
}

const softTransition: ServerTransition = {
  name: 'soft_delete',
  from: { vmState: liveStates.filter((state) => state !== 'building' && state !== 'error') },
  meanwhile: { taskState: 'soft-deleting' },
  overOwner: true,
};

/** With a reclaim time the server is kept that long, powered off, and can be restored. */
export async function deleteOrKeep(compute: Compute, caller: Caller, server: Server): Promise<void> {
  const { id: serverId, host, vmState, taskState, launchedAt } = server;
  const isKept = compute.config.reclaimMs > 0 && host !== null && launchedAt !== null;
  if (!isKept || vmState === 'error' || vmState === 'building') return removeServer(compute, caller, server);
  if (vmState === 'soft-delete' || taskState === 'soft-deleting') return;
  const { imageId } = await snapshotInProgress(compute.db, serverId);
  if (imageId !== undefined) throw conflict(`Instance ${serverId} is being copied to an image: delete it afterwards.`);
  await beginTask(compute, caller, server, {
    transitions: [softTransition],
    workflow: softDeleteServer,
    params: () => ({ serverId, power: powerOf(server) }),
    action: 'delete',
    event: 'compute_soft_delete_instance',
  });
}

/** Deletes servers whose time to be restored has passed. */
export async function reclaimServers(compute: Compute): Promise<void> {
  const { db, config, log } = compute;
  if (config.reclaimMs <= 0) return;
  for (const { id, userId, projectId } of await listSoftDeleted(db, Date.now() - config.reclaimMs)) {
    const server = await findServer(db, id);
    const caller = { userId, projectId, requestId: `req-${randomUUID()}` };
    if (server) await removeServer(compute, caller, server);
    log.info({ serverId: id }, 'a soft-deleted server is deleted: its time to be restored has passed');
  }
}

/** Frees the hosts of servers that have been shelved for long enough. */
export async function offloadServers(compute: Compute): Promise<void> {
  const { db, config } = compute;
  if (config.offloadMs <= 0) return;
  for (const server of await listShelved(db, Date.now() - config.offloadMs)) {
    const caller = { userId: server.userId, projectId: server.projectId, requestId: `req-${randomUUID()}` };
    await beginTask(compute, caller, server, {
      transitions: [
        { name: 'shelve_offload', from: { vmState: ['shelved'] }, meanwhile: { taskState: 'shelving_offloading' } },
      ],
      workflow: offloadServer,
      params: () => ({ serverId: server.id }),
      action: 'shelveOffload',
      event: 'compute_shelve_offload_instance',
    });
  }
}

/** The image that must be removed when the server's current task is cancelled. */
export async function snapshotInProgress(tx: Knex, serverId: string): Promise<{ readonly imageId?: string }> {
  const now = await findServer(tx, serverId);
  const snapshot = await paramsOf(tx, snapshotServer, now?.taskId ?? null);
  return snapshot ? { imageId: snapshot.imageId } : {};
}
