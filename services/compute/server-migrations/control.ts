/** What is asked of a live migration while it runs: its progress, to end, to complete. */
import type { Caller } from '#shared/auth/caller.ts';
import { type ComputeCalls, callAddress, type MoveProgress } from '#shared/contracts/compute-agent.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { beginAction } from '../instance-actions/store.ts';
import type { Server } from '../servers/store.ts';
import { changeMigration, type ServerMigration } from './store.ts';

type Control = ComputeCalls['controlSending']['request']['what'];

/** Asks the host that sends the guest. Null when it sends none. */
export async function controlSending(
  { bus, log }: Compute,
  { serverId, sourceHost }: ServerMigration,
  what: Control,
): Promise<MoveProgress | null> {
  const request: ComputeCalls['controlSending']['request'] = { id: serverId, what };
  const address = callAddress(sourceHost, 'controlSending');
  const reply = bus.call<ComputeCalls['controlSending']['reply']>(address, request, { timeoutMs: 3_000 });
  return reply.then(
    ({ progress }) => progress,
    (error: unknown) => {
      log.warn({ serverId, host: sourceHost, error }, 'the progress of a live migration is unknown');
      return null;
    },
  );
}

/** Ends a live migration that has not been sent: the server goes on where it is. */
export async function abortMigration(
  compute: Compute,
  caller: Caller,
  server: Server,
  migration: ServerMigration,
  mayBeEarly: boolean,
): Promise<void> {
  requireMigrating(server, 'abort live migration');
  const early = mayBeEarly && ['queued', 'preparing'].includes(migration.status);
  if (!early && migration.status !== 'running') throw invalidState(migration, server, 'abort');
  // nothing is sent yet: the task ends before it sends
  if (early) await changeMigration(compute.db, migration.id, { status: 'cancelling' });
  else await controlSending(compute, migration, 'abort');
  await noteAction(compute, caller, server, 'live_migration_cancel');
}

/** Pauses the guest, so that nothing more changes and the rest is sent. */
export async function forceComplete(
  compute: Compute,
  caller: Caller,
  server: Server,
  migration: ServerMigration,
): Promise<void> {
  requireMigrating(server, 'force_complete');
  if (migration.status !== 'running') throw invalidState(migration, server, 'force_complete');
  await controlSending(compute, migration, 'force');
  await noteAction(compute, caller, server, 'live_migration_force_complete');
}

function requireMigrating({ id, taskState }: Server, name: string): void {
  if (taskState !== 'migrating')
    throw conflict(`Cannot '${name}' instance ${id} while it is in task_state ${taskState ?? 'None'}`);
}

const invalidState = ({ sequence, status }: ServerMigration, { id }: Server, method: string) =>
  badRequest(
    `Migration ${sequence} state of instance ${id} is ${status}. Cannot ${method} while the migration is in this state.`,
  );

async function noteAction({ db }: Compute, caller: Caller, { id: serverId, host }: Server, action: string) {
  const ended = { finishedAt: Date.now(), result: 'Success' } as const;
  await beginAction(db, caller, { serverId, action, host, ...ended });
}
