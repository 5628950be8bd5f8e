import { cancel, enqueue } from '#shared/workflow/tasks.ts';
import { taskCancelled, tasksWait } from '../../context.ts';
import { beginAction, endAbandoned } from '../../instance-actions/store.ts';
import { dropSnapshot } from '../../workflows/snapshot-server.ts';
import { serverAction } from '../action.ts';
import { snapshotInProgress } from '../remove.ts';
import { rowOfGuest } from '../states.ts';
import { updateOwnedServer } from '../store.ts';

/** Sets the state by an administrator and cancels the task of the server. */
export const resetState = serverAction<{ readonly state: 'active' | 'error' }>({
  key: 'os-resetState',
  rule: 'os-admin-actions:reset_state',
  input: {
    type: 'object',
    required: ['state'],
    additionalProperties: false,
    properties: { state: { enum: ['active', 'error'] } },
  },
  whileLocked: true,
  act: async ({ db, bus }, { caller }, server, { state }) => {
    const { id: serverId, host, taskId } = server;
    const change = state === 'active' ? { vmState: rowOfGuest.on.vmState, fault: null } : { vmState: state };
    await db.transaction(async (tx) => {
      const { imageId } = await snapshotInProgress(tx, serverId);
      if (imageId !== undefined) await enqueue(tx, dropSnapshot, { imageId }, caller.requestId);
      if (taskId !== null) await cancel(tx, taskId);
      await updateOwnedServer(tx, server, { ...change, taskState: null, taskId: null });
      const ended = { finishedAt: Date.now(), result: 'Success' } as const;
      await beginAction(tx, caller, { serverId, action: 'resetState', host, ...ended });
      await endAbandoned(tx, serverId, '');
    });
    bus.notify(taskCancelled);
    bus.notify(tasksWait);
  },
});
