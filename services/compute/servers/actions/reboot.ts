import type { Caller } from '#shared/auth/caller.ts';
import type { Compute } from '../../context.ts';
import { hardRebootServer, rebootServer } from '../../workflows/power.ts';
import { powerTask, serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import type { ServerTransition } from '../states.ts';
import type { Server } from '../store.ts';

const name = 'reboot';
const soft: ServerTransition = { name, from: { vmState: ['active'] }, meanwhile: { taskState: 'rebooting' } };
const hard: ServerTransition = {
  name,
  from: { vmState: ['active', 'stopped', 'paused', 'suspended', 'error'] },
  meanwhile: { taskState: 'rebooting_hard' },
};
/** Replaces a reboot or a pause that hangs. */
const hardOverOwner: ServerTransition = {
  ...hard,
  from: { ...hard.from, taskState: ['rebooting', 'rebooting_hard', 'pausing', 'unpausing', 'suspending', 'resuming'] },
  overOwner: true,
};

export const rebootSoft = (compute: Compute, caller: Caller, server: Server) =>
  beginTask(compute, caller, server, powerTask(server, rebootServer, [soft]));

export const rebootHard = (compute: Compute, caller: Caller, server: Server) =>
  beginTask(compute, caller, server, powerTask(server, hardRebootServer, [hardOverOwner, hard]));

export const reboot = serverAction<{ readonly type: string }>({
  key: 'reboot',
  rule: 'servers:reboot',
  input: {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: { type: { enum: ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft'] } },
  },
  act: (compute, { caller }, server, { type }) =>
    (type.toUpperCase() === 'HARD' ? rebootHard : rebootSoft)(compute, caller, server),
});
