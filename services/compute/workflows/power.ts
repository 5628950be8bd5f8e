import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { notReady, rowOfGuest } from '../servers/states.ts';
import { getOwnedServer, releaseServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, type OnServer, owned } from './guest.ts';
import type { GuestOptions } from './guest-spec.ts';

export interface PowerChange extends OnServer {
  /** The power state before the task, for its undo. */
  readonly power: Power;
}

type Power = GuestOptions['power'];
const deadlineMs = 10 * 60_000;

export const startServer = power('start-server', 'on');
export const stopServer = power('stop-server', 'off');
export const pauseServer = power('pause-server', 'paused');
export const unpauseServer = power('unpause-server', 'on');
export const suspendServer = power('suspend-server', 'suspended');
export const resumeServer = power('resume-server', 'on');
export const rebootServer = power('reboot-server', 'on', 'soft');
export const hardRebootServer = power('hard-reboot-server', 'on', 'hard');

/** To the requested power state; on failure back to the previous one, with the reason. */
function power(name: string, to: Power, boot?: 'soft' | 'hard') {
  const apply = (compute: Compute, on: PowerChange, run: Run) => ensurePower(compute, on, run, to, boot);
  const undo = (compute: Compute, on: PowerChange, run: Run) => ignoreHostAway(ensurePower(compute, on, run, on.power));
  return workflow<PowerChange, Compute>({
    name,
    deadlineMs,
    steps: [step('turn', apply, undo)],
    done: async (tx, on, run) => {
      const mark = boot === undefined ? {} : { bootMark: run.taskId, bootKind: boot };
      await releaseServer(tx, owned(on, run), { ...rowOfGuest[to], ...mark, fault: null });
      await endAction(tx, run);
    },
    failed: async (tx, on, run, reason) => {
      await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
      await endAction(tx, run, reason);
    },
  });
}

async function ensurePower(
  compute: Compute,
  on: PowerChange,
  run: Run,
  to: Power,
  boot?: 'soft' | 'hard',
): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  if (server.host === null) throw notReady(server.id);
  await ensureGuest(compute, server, run, {
    power: to,
    ...(boot === undefined ? {} : { boot: { mark: run.taskId, kind: boot } }),
  });
}
