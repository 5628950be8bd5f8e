import { serverAction } from '../action.ts';
import { changeServer } from '../store.ts';

/** A server that an administrator locked is unlocked only by callers who may override locks. */
export const unlock = serverAction({
  key: 'unlock',
  rule: 'os-lock-server:unlock',
  whileLocked: true,
  act: async ({ db }, { authorize }, { id, lockedBy }) => {
    if (lockedBy === 'admin') authorize('os_compute_api:os-lock-server:unlock:unlock_override');
    await changeServer(db, id, { lockedBy: null, lockedReason: null });
  },
});
