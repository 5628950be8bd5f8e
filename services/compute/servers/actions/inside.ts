/** Actions that reach into the running guest, and are done when they are answered. */
import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Compute } from '../../context.ts';
import { callHost } from '../../diagnostics/operations.ts';
import { gone } from '../../gone/fault.ts';
import { beginAction } from '../../instance-actions/store.ts';
import { refreshAddresses } from '../../interfaces/operations.ts';
import { nothing, serverAction } from '../action.ts';
import type { VmState } from '../states.ts';
import type { Server } from '../store.ts';

function requireState({ id, vmState, taskState }: Server, name: string, allowed: readonly VmState[]): void {
  if (!allowed.includes(vmState)) throw conflict(`Cannot '${name}' instance ${id} while it is in vm_state ${vmState}`);
  if (taskState !== null) throw conflict(`Cannot '${name}' instance ${id} while it is in task_state ${taskState}`);
}

const record = ({ db }: Compute, caller: Caller, { id: serverId, host }: Server, action: string) =>
  db.transaction((tx) =>
    beginAction(tx, caller, { serverId, action, host, finishedAt: Date.now(), result: 'Success' }),
  );

/** A guest whose system is set up for it writes a dump of its kernel. */
export const triggerCrashDump = serverAction({
  key: 'trigger_crash_dump',
  rule: 'servers:trigger_crash_dump',
  input: nothing,
  since: '2.17',
  act: async (compute, { caller }, server) => {
    requireState(server, 'trigger_crash_dump', ['active', 'paused', 'rescued', 'resized', 'error']);
    await callHost(compute, server, 'injectNmi', { id: server.id });
    await record(compute, caller, server, 'trigger_crash_dump');
  },
});

export const changePassword = serverAction<{ readonly adminPass: string }>({
  key: 'changePassword',
  rule: 'os-admin-password',
  input: {
    type: 'object',
    required: ['adminPass'],
    additionalProperties: false,
    properties: { adminPass: { type: 'string' } },
  },
  act: async (compute, { caller }, server, { adminPass: password }) => {
    requireState(server, 'set_admin_password', ['active']);
    const { os_type: system, os_admin_user: named } = server.image?.properties ?? {};
    const user = named ?? (system === 'windows' ? 'Administrator' : 'root');
    await callHost(compute, server, 'setPassword', { id: server.id, user, password });
    await record(compute, caller, server, 'changePassword');
  },
});

/** Reads the addresses from the network service again. */
export const injectNetworkInfo = serverAction({
  key: 'injectNetworkInfo',
  rule: 'os-admin-actions:inject_network_info',
  input: nothing,
  act: async (compute, { caller }, server) => {
    await refreshAddresses(compute, server.id);
    await record(compute, caller, server, 'injectNetworkInfo');
  },
});

export const resetNetwork = serverAction({
  key: 'resetNetwork',
  rule: 'os-admin-actions:inject_network_info',
  input: nothing,
  act: async () => {
    throw gone();
  },
});
