import type { Knex } from 'knex';
import type { GuestState } from '#shared/contracts/compute-agent.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../../context.ts';
import { endAction } from '../../instance-actions/store.ts';
import { changeMigration } from '../../server-migrations/store.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, owned } from '../guest.ts';
import { moveVolumes } from '../volumes.ts';
import {
  atDest,
  atSource,
  backUpDisks,
  bindPorts,
  claimSourceAgain,
  movingOf,
  type OnMigration,
  placeOf,
  removeFrom,
} from './on-migration.ts';

/** From VERIFY_RESIZE to what the server was before its resize: its disks too are as they were then. */
export const revertResize = workflow<OnMigration, Compute>({
  name: 'revert-resize',
  deadlineMs: 30 * 60_000,
  steps: [
    step('stop-guest', stopGuest, startGuestAgain),
    step('move-volumes', moveVolumesBack, moveVolumesThere),
    step('move-ports', movePortsBack, movePortsThere),
    step('boot-source', bootSource, stopSource),
    step('remove-dest', removeDest),
    step('claim-source', async (compute, on, run) => claimSourceAgain(compute, await movingOf(compute, on, run))),
  ],
  done: becomeReverted,
  failed: becomeResizedAgain,
});

async function stopGuest(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  await ensureGuest(compute, atDest(await movingOf(compute, on, run)), run, { power: 'off' });
}

async function startGuestAgain(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const power = moving.server.powerState === 'running' ? 'on' : 'off';
  await ensureGuest(compute, atDest(moving), run, { power });
}

async function moveVolumesBack(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { stays, source } = await movingOf(compute, on, run);
  if (!stays) await moveVolumes(compute, on.serverId, source, run);
}

async function moveVolumesThere(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { stays, dest } = await movingOf(compute, on, run);
  if (!stays) await moveVolumes(compute, on.serverId, dest, run);
}

async function movePortsBack(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (!moving.stays) await bindPorts(compute, atSource(moving), on, run);
}

async function movePortsThere(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (!moving.stays) await bindPorts(compute, atDest(moving), on, run);
}

/** On the same host the disks are taken from their backup; this cannot be undone, so it is the last thing that may fail. */
async function bootSource(compute: Compute, on: OnMigration, run: Run): Promise<GuestState> {
  const moving = await movingOf(compute, on, run);
  const there = atSource(moving);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), placeOf(there)));
  if (moving.stays) await backUpDisks(compute, moving, 'restored', run);
  return ensureGuest(compute, there, run, { power: moving.migration.oldVmState === 'active' ? 'on' : 'off' });
}

async function stopSource(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await ensureGuest(compute, atSource(moving), run, { power: 'off' });
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), placeOf(atDest(moving))));
}

/** It is off there; a host that is down removes it when it returns. */
async function removeDest(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { server, dest, stays } = await movingOf(compute, on, run);
  if (!stays) await removeFrom(compute, server, dest, run);
}

async function becomeReverted(tx: Knex, on: OnMigration, run: Run): Promise<void> {
  const { power } = run.result<GuestState>('boot-source');
  const { flavor } = await getOwnedServer(tx, owned(on, run));
  await changeMigration(tx, on.migrationId, { status: 'reverted', cleaned: true });
  await releaseServer(tx, owned(on, run), {
    vmState: power === 'on' ? 'active' : 'stopped',
    powerState: power === 'on' ? 'running' : 'shutdown',
    vcpus: flavor.vcpus,
    ramMb: flavor.ramMb,
    launchedAt: Date.now(),
    fault: null,
  });
  await endAction(tx, run);
}

async function becomeResizedAgain(tx: Knex, on: OnMigration, run: Run, reason: string): Promise<void> {
  await changeMigration(tx, on.migrationId, { status: 'finished' });
  await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
  await endAction(tx, run, reason);
}
