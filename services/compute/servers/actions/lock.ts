import { serverAction } from '../action.ts';
import { changeServer } from '../store.ts';

export const lock = serverAction<{ readonly locked_reason?: string } | null>({
  key: 'lock',
  rule: 'os-lock-server:lock',
  input: {
    type: ['object', 'null'],
    properties: {
      locked_reason: { type: 'string', minLength: 1, maxLength: 255, 'x-openstack': { 'min-ver': '2.73' } },
    },
  },
  whileLocked: true,
  act: ({ db }, { caller }, { id, projectId }, input) =>
    changeServer(db, id, {
      lockedBy: projectId === caller.projectId ? 'owner' : 'admin',
      lockedReason: input?.locked_reason ?? null,
    }),
});
