import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import type { Workflow } from '#shared/workflow/workflow.ts';
import { type Compute, taskCancelled, tasksWait } from '../context.ts';
import { beginAction, endAbandoned } from '../instance-actions/store.ts';
import { notReady, type ServerTransition } from './states.ts';
import { acquireServer, type Server, type ServerChange, updateOwnedServer } from './store.ts';

export interface ServerTask<Params> {
  /** The first one that the server's state allows. */
  readonly transitions: readonly ServerTransition[];
  readonly workflow: Workflow<Params, Compute>;
  params(tx: Knex): Promise<Params> | Params;
  /** What else changes on the row, in the same transaction. */
  change?(taskId: string): ServerChange;
  /** The name of the instance action, and of its event where that is not `compute_<action>_instance`. */
  readonly action: string;
  readonly event?: string;
  /** Whether it is for servers that no host has, too: such as those that no host had room for. */
  readonly withoutHost?: boolean;
}

export type Initiator = Pick<Caller, 'requestId' | 'userId' | 'projectId'>;

/** Acquires the server for a new task and begins its instance action, in one transaction; 409 when its state does not allow it, or no host has it. */
export async function beginTask<Params>(
  { db, bus }: Compute,
  caller: Initiator,
  { id: serverId, host }: Pick<Server, 'id' | 'host'>,
  { transitions, workflow, params, change, action, event, withoutHost = false }: ServerTask<Params>,
): Promise<void> {
  if (host === null && !withoutHost) throw notReady(serverId);
  const replaces = transitions.some(({ overOwner }) => overOwner);
  await db.transaction(async (tx) => {
    const taskId = await enqueue(tx, workflow, await params(tx), caller.requestId);
    await acquireServer(tx, transitions, { id: serverId, taskId });
    if (change) await updateOwnedServer(tx, { id: serverId, taskId }, change(taskId));
    await beginAction(tx, caller, { serverId, action, taskId, host, ...(event ? { event } : {}) });
    if (replaces) await endAbandoned(tx, serverId, taskId);
  });
  if (replaces) bus.notify(taskCancelled);
  bus.notify(tasksWait);
}
