import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { paramsOf } from '#shared/workflow/tasks.ts';
import type { Compute } from '../context.ts';
import { deleteServer } from '../workflows/delete-server.ts';
import { snapshotServer } from '../workflows/snapshot-server.ts';
import { beginTask } from './begin-task.ts';
import { liveStates, type ServerTransition } from './states.ts';
import { findServer, type Server } from './store.ts';

const transition: ServerTransition = {
  name: 'delete',
  from: { vmState: liveStates },
  meanwhile: { taskState: 'deleting' },
  overOwner: true,
};

/** From any state, replacing any other task. Idempotent while the server is being deleted. */
export async function removeServer(compute: Compute, caller: Caller, server: Server): Promise<void> {
  if (server.taskState === 'deleting') return;
  const { id: serverId } = server;
  await beginTask(compute, caller, server, {
    transitions: [transition],
    workflow: deleteServer,
    params: async (tx) => ({ serverId, ...(await snapshotInProgress(tx, serverId)) }),
    action: 'delete',
    event: 'compute_terminate_instance',
  });
}

/** The image that must be removed when the server's current task is cancelled. */
export async function snapshotInProgress(tx: Knex, serverId: string): Promise<{ readonly imageId?: string }> {
  const now = await findServer(tx, serverId);
  const snapshot = await paramsOf(tx, snapshotServer, now?.taskId ?? null);
  return snapshot ? { imageId: snapshot.imageId } : {};
}
