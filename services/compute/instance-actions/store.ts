import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import { notFound } from '#shared/errors/fault.ts';
import { deleteFinishedWork } from '#shared/hosts/work.ts';
import { listPage, type PageRequest } from '../values.ts';

/** An instance action: what was done to a server, by whom, and with which result. */
export interface Action {
  readonly sequence: number;
  readonly serverId: string;
  readonly action: string;
  /** The task of the action; null for an action without a task. */
  readonly taskId: string | null;
  readonly requestId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Why it failed, or what happened without a request. */
  readonly message: string | null;
  /** The reason with host names and messages of programs: for administrators. */
  readonly details: string | null;
  readonly event: string | null;
  readonly finishedAt: number | null;
  readonly result: 'Success' | 'Error' | null;
  readonly host: string | null;
}

type By = Pick<Caller, 'requestId' | 'userId' | 'projectId'>;

interface EndedTask {
  readonly taskId: string;
  /** For administrators. */
  readonly details?: string | undefined;
}

interface NewAction {
  readonly serverId: string;
  readonly action: string;
  readonly taskId?: string;
  readonly event?: string;
  readonly host?: string | null;
  /** Set when the action is complete already. */
  readonly finishedAt?: number;
  readonly result?: 'Success';
}

/** Must run in the transaction that acquires the server. */
export async function beginAction(tx: Knex, caller: By, begun: NewAction): Promise<void> {
  const now = Date.now();
  const { requestId, userId, projectId } = caller;
  const event = `compute_${begun.action.replaceAll('-', '_')}_instance`;
  await tx('actions').insert({
    taskId: null,
    event,
    host: null,
    finishedAt: null,
    result: null,
    ...begun,
    requestId,
    userId,
    projectId: projectId ?? '',
    startedAt: now,
    updatedAt: now,
    message: null,
  });
}

/** Must run in the transaction that ends the task. Deletes the outcomes of its host work, which may hold secrets. */
export async function endAction(tx: Knex, run: EndedTask, problem?: string): Promise<void> {
  const now = Date.now();
  const { taskId, details } = run;
  await deleteFinishedWork(tx, taskId);
  await tx('actions')
    .where({ taskId, finishedAt: null })
    .update({
      updatedAt: now,
      finishedAt: now,
      message: problem ?? null,
      details: problem === undefined ? null : (details ?? null),
      result: problem === undefined ? 'Success' : 'Error',
    });
}

/** Why a task failed; null while it runs and when it succeeded. */
export async function problemOf(db: Knex, taskId: string): Promise<string | null> {
  const action = await rows.find(db('actions').where({ taskId }));
  return action?.message ?? null;
}

/** Ends the actions of tasks that were replaced by another task. */
export const endAbandoned = async (tx: Knex, serverId: string, exceptTaskId: string): Promise<void> => {
  const now = Date.now();
  await tx('actions')
    .where({ serverId, finishedAt: null })
    .whereNotNull('taskId')
    .whereNot({ taskId: exceptTaskId })
    .whereNotExists(tx('tasks').select('id').whereRaw('tasks.id = actions.task_id'))
    .update({ updatedAt: now, finishedAt: now, message: 'A later request replaced it.', result: 'Error' });
};

/** Records a change without a request, such as a guest that powered itself off. */
export async function insertEvent(
  tx: Knex,
  server: { readonly id: string; readonly userId: string; readonly projectId: string; readonly host: string | null },
  noted: { readonly action: string; readonly message: string; readonly requestId: string },
): Promise<void> {
  const now = Date.now();
  await tx('actions').insert({
    serverId: server.id,
    taskId: null,
    userId: server.userId,
    projectId: server.projectId,
    host: server.host,
    startedAt: now,
    updatedAt: now,
    finishedAt: now,
    event: 'compute__sync_instance_power_state',
    result: 'Success',
    ...noted,
  });
}

interface ActionFilter extends Omit<PageRequest, 'sorts' | 'key'> {
  readonly changesSince?: number | undefined;
  readonly changesBefore?: number | undefined;
}

const rows = rowsOf<Action>();

/** Newest first; the marker is the id of a request. */
export const listActions = (db: Knex, serverId: string, { changesSince, changesBefore, ...page }: ActionFilter) =>
  listPage(
    rows.read,
    () => db('actions').where({ serverId }),
    { ...page, key: 'requestId', sorts: [{ column: 'sequence', descending: true, notNull: true }] },
    (found) => {
      if (changesSince !== undefined) found.where('updatedAt', '>=', changesSince);
      if (changesBefore !== undefined) found.where('updatedAt', '<=', changesBefore);
    },
  );

export async function getAction(db: Knex, serverId: string, requestId: string): Promise<Action> {
  const action = await rows.find(db('actions').where({ serverId, requestId }));
  if (!action) throw notFound('Action for request_id', `${requestId} on instance ${serverId}`);
  return action;
}
