import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { getOwnedServer, releaseServer, type Server, updateOwnedServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, type OnServer, owned } from './guest.ts';

interface RebuildParams extends OnServer {
  /** Sealed, since task parameters are stored in rows. */
  readonly adminPass: string;
  /** One that was off stays off. */
  readonly power: 'on' | 'off';
  /** What the row said of its disk, for the undo. */
  readonly before: Pick<Server, 'image' | 'imageId' | 'rootSource'>;
}

/** From the rows, which name the new image already; on failure ERROR, with the former image. */
export const rebuildServer = workflow<RebuildParams, Compute>({
  name: 'rebuild-server',
  deadlineMs: 60 * 60_000,
  steps: [step('rebuild-guest', rebuildGuest, restoreGuest)],
  done: async (tx, on, run) => {
    const isOn = on.power === 'on';
    await releaseServer(tx, owned(on, run), {
      vmState: isOn ? 'active' : 'stopped',
      powerState: isOn ? 'running' : 'shutdown',
      bootMark: run.taskId,
      bootKind: 'hard',
      launchedAt: Date.now(),
      fault: null,
      password: null,
    });
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { ...on.before, vmState: 'error', fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

async function rebuildGuest(compute: Compute, on: RebuildParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'rebuild_spawning' }));
  const boot = { mark: run.taskId, kind: 'hard' } as const;
  const adminPass = compute.seal.open(on.adminPass);
  await ensureGuest(compute, { ...server, launchedAt: null }, run, { power: on.power, boot, adminPass });
}

/** Off: its disk may be new, and half of one image is not the other. */
async function restoreGuest(compute: Compute, on: RebuildParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  const boot = { mark: server.bootMark, kind: server.bootKind };
  await ignoreHostAway(ensureGuest(compute, { ...server, ...on.before }, run, { power: 'off', boot }));
}
