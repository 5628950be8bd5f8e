import type { Caller } from '#shared/auth/caller.ts';
import type { Compute } from '../../context.ts';
import { restoreServer } from '../../workflows/soft-delete.ts';
import { nothing, serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import type { ServerTransition } from '../states.ts';
import type { Server } from '../store.ts';

const transition: ServerTransition = {
  name: 'restore',
  from: { vmState: ['soft-delete'] },
  meanwhile: { taskState: 'restoring' },
};

/** A soft-deleted server counts against the quota until it is gone, so there is nothing to reserve. */
export const restore = serverAction({
  key: 'restore',
  rule: 'os-deferred-delete:restore',
  input: nothing,
  act: (compute, { caller }, server) => beginRestore(compute, caller, server),
});

export const beginRestore = (compute: Compute, caller: Caller, server: Server) =>
  beginTask(compute, caller, server, {
    transitions: [transition],
    workflow: restoreServer,
    params: () => ({ serverId: server.id }),
    action: 'restore',
  });
