import type { Knex } from 'knex';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { rowOfGuest } from '../servers/states.ts';
import { getOwnedServer, releaseServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, type OnServer, owned } from './guest.ts';
import type { PowerChange } from './power.ts';

const deadlineMs = 10 * 60_000;

/** Powers the guest off and keeps everything of it; on failure as it was. */
export const softDeleteServer = workflow<PowerChange, Compute>({
  name: 'soft-delete-server',
  deadlineMs,
  steps: [
    step(
      'power-off',
      (compute, on, run) => ensurePower(compute, on, run, 'off'),
      (compute, on, run) => ignoreHostAway(ensurePower(compute, on, run, on.power)),
    ),
  ],
  done: async (tx, on, run) => {
    const now = Date.now();
    const gone = { powerState: 'shutdown', terminatedAt: now, softDeletedAt: now } as const;
    await releaseServer(tx, owned(on, run), { vmState: 'soft-delete', ...gone });
    await endAction(tx, run);
  },
  failed: becomeAsBefore,
});

/** Powers the guest on; on failure it stays deleted. */
export const restoreServer = workflow<OnServer, Compute>({
  name: 'restore-server',
  deadlineMs,
  steps: [
    step(
      'power-on',
      (compute, on, run) => ensurePower(compute, on, run, 'on'),
      (compute, on, run) => ignoreHostAway(ensurePower(compute, on, run, 'off')),
    ),
  ],
  done: async (tx, on, run) => {
    const back = { terminatedAt: null, softDeletedAt: null, fault: null };
    await releaseServer(tx, owned(on, run), { ...rowOfGuest.on, ...back });
    await endAction(tx, run);
  },
  failed: becomeAsBefore,
});

async function becomeAsBefore(tx: Knex, on: OnServer, run: Run, reason: string): Promise<void> {
  await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
  await endAction(tx, run, reason);
}

async function ensurePower(compute: Compute, on: OnServer, run: Run, power: PowerChange['power']): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  if (server.host !== null) await ensureGuest(compute, server, run, { power });
}
