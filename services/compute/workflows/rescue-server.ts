import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { rowOfGuest } from '../servers/states.ts';
import { getOwnedServer, releaseServer, type ServerChange } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, type OnServer, owned } from './guest.ts';
import type { PowerChange } from './power.ts';

const deadlineMs = 60 * 60_000;

/** Boots from the rescue image that the row names; on failure as it was. */
export const rescueServer = workflow<PowerChange, Compute>({
  name: 'rescue-server',
  deadlineMs,
  steps: [step('boot-rescue', (compute, on, run) => boot(compute, on, run, {}), bootOwn)],
  done: async (tx, on, run) => {
    const mark = { bootMark: run.taskId, bootKind: 'hard' } as const;
    await releaseServer(tx, owned(on, run), { vmState: 'rescued', powerState: 'running', ...mark, fault: null });
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { rescueImage: null, fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

/** Boots from its own disk again; on failure it stays rescued. */
export const unrescueServer = workflow<OnServer, Compute>({
  name: 'unrescue-server',
  deadlineMs,
  steps: [
    step(
      'boot-own',
      (compute, on, run) => boot(compute, on, run, { rescueImage: null }),
      (compute, on, run) => ignoreHostAway(boot(compute, on, run, {}, false)),
    ),
  ],
  done: async (tx, on, run) => {
    const mark = { bootMark: run.taskId, bootKind: 'hard', rescueImage: null } as const;
    await releaseServer(tx, owned(on, run), { ...rowOfGuest.on, ...mark, fault: null });
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

/** The first boot downloads the image, so it has the long timeout. */
async function boot(compute: Compute, on: OnServer, run: Run, change: ServerChange, isNew = true): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  const mark = isNew ? run.taskId : `${run.taskId}/undo`;
  await ensureGuest(compute, { ...server, ...change, launchedAt: null }, run, {
    power: 'on',
    boot: { mark, kind: 'hard' },
  });
}

async function bootOwn(compute: Compute, on: PowerChange, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  const { bootMark: mark, bootKind: kind } = server;
  const asBefore = { power: on.power, boot: { mark, kind } };
  await ignoreHostAway(ensureGuest(compute, { ...server, rescueImage: null }, run, asBefore));
}
