/** What attaching a disk and a NIC to a server have in common. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { waitFor } from '#shared/bus/wait.ts';
import { conflict, type Fault } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import type { Workflow } from '#shared/workflow/workflow.ts';
import { type Compute, taskAdvanced, tasksWait } from '../context.ts';
import { beginAction } from '../instance-actions/store.ts';
import { notReady } from '../servers/states.ts';
import { changeServer, type Server } from '../servers/store.ts';
import type { Part } from './store.ts';

const attachable = ['active', 'paused', 'stopped'];

/** Throws 409 unless the server is on a host, and in a state in which its parts can change. */
export function checkState({ id, host, vmState, taskState }: Server, verb: string): void {
  const state = attachable.includes(vmState) ? taskState && `task_state ${taskState}` : `vm_state ${vmState}`;
  if (state) throw conflict(`Cannot '${verb}' instance ${id} while it is in ${state}`);
  if (host === null) throw notReady(id);
}

export const nextPlace = (parts: readonly Part[]): number => Math.max(-1, ...parts.map(({ place }) => place)) + 1;

export interface PartTask<Params, Made> {
  readonly workflow: Workflow<Params, Compute>;
  readonly params: Params;
  readonly action: string;
  readonly event: string;
  /** Inserts or acquires the part. The row of its server is locked, so that concurrent requests see each other's parts. */
  change(tx: Knex, taskId: string): Promise<Made>;
}

type By = Pick<Caller, 'userId' | 'projectId' | 'requestId'>;

/** Changes the part and begins its task and its instance action, in one transaction. Returns the id of the task. */
export async function beginPartTask<Params, Made>(
  { db, bus }: Compute,
  caller: By,
  { id: serverId, host }: Pick<Server, 'id' | 'host'>,
  { workflow, params, action, event, change }: PartTask<Params, Made>,
): Promise<{ readonly taskId: string; readonly made: Made }> {
  const begun = await db.transaction(async (tx) => {
    await changeServer(tx, serverId, {});
    const taskId = await enqueue(tx, workflow, params, caller.requestId);
    const made = await change(tx, taskId);
    await beginAction(tx, caller, { serverId, action, taskId, event, host });
    return { taskId, made };
  });
  bus.notify(tasksWait);
  return begun;
}

const waitMs = 30_000;

/** Waits until `look` returns what the response shows; throws the Fault of `late` when that takes too long. */
export function waitForPart<T extends object>(
  { bus, config }: Compute,
  look: (isLate: boolean) => Promise<T | undefined>,
  late: () => Fault,
): Promise<T> {
  const deadline = Date.now() + waitMs;
  return waitFor(bus, taskAdvanced, config.pollMs, async () => {
    const isLate = Date.now() >= deadline;
    const found = await look(isLate);
    if (found === undefined && isLate) throw late();
    return found;
  });
}
