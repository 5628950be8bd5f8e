/** A server of a host that is lost starts on another one: from its volumes, or anew from its image. */
import type { Knex } from 'knex';
import type { GuestState } from '#shared/contracts/compute-agent.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentTable } from '../../attachments/store.ts';
import type { Compute } from '../../context.ts';
import { endAction } from '../../instance-actions/store.ts';
import { changeMigration } from '../../server-migrations/store.ts';
import { rowOfGuest } from '../../servers/states.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../../servers/store.ts';
import { ensureGuest, ensureGuestGone, faultOf, owned } from '../guest.ts';
import { mayRunElsewhere } from '../one-guest.ts';
import { completeVolume, moveVolumes } from '../volumes.ts';
import {
  atDest,
  atSource,
  bindPorts,
  chooseOtherHost,
  claimDest,
  claimOf,
  isGoneFrom,
  movingOf,
  type OnMigration,
  placeOf,
  providerOf,
} from './on-migration.ts';
import { noteAttachments, takeVolumes } from './take-volumes.ts';

export interface Evacuation extends OnMigration {
  readonly power: 'on' | 'off';
  /** For a new config drive; sealed. Null: as it is. */
  readonly adminPass: string | null;
}

/** From ACTIVE, SHUTOFF or ERROR to ACTIVE or SHUTOFF on another host; on failure as before. */
export const evacuateServer = workflow<Evacuation, Compute>({
  name: 'evacuate-server',
  deadlineMs: 60 * 60_000,
  steps: [
    step('choose-host', chooseOtherHost),
    step('claim-resources', claimResources, claimSource),
    step('note-attachments', noteAttachments),
    step('order-removal', orderRemoval, keepAtSource),
    step('take-volumes', takeAllVolumes, giveVolumesBack),
    step(
      'move-ports',
      async (compute, on, run) => bindPorts(compute, atDest(await movingOf(compute, on, run)), on, run),
      movePortsBack,
    ),
    step('boot-guest', bootGuest, leaveDest),
  ],
  done: becomeEvacuated,
  failed: becomeAsBefore,
});

/** The lost host has nothing of the server that counts: what it has is removed when it returns. */
function claimResources(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  return claimDest(compute, on, run, { held: false, status: 'pre-migrating', taskState: 'rebuilding' });
}

async function claimSource(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await compute.placement.allocateAll([claimOf(atSource(moving), await providerOf(compute, moving.source))]);
}

/**
 * Before anything starts elsewhere: from here on the host does not own the guest, so it does not start it after a power cut,
 * and removes it first of all when it returns.
 */
async function orderRemoval(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await ensureGuestGone(compute, atSource(moving), run);
}

/** Replaces the order. */
async function keepAtSource(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const power = moving.migration.oldVmState === 'active' ? 'on' : 'off';
  await ignoreHostAway(ensureGuest(compute, atSource(moving), run, { power }));
}

async function takeAllVolumes(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const { dest } = await movingOf(compute, on, run);
  await takeVolumes(compute, on.serverId, dest, run);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'rebuild_block_device_mapping' }));
}

async function giveVolumesBack(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const { source } = await movingOf(compute, on, run);
  await moveVolumes(compute, on.serverId, source, run);
}

async function movePortsBack(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  await ignorePortAway(bindPorts(compute, atSource(await movingOf(compute, on, run)), on, run), run);
}

/** The ports of a lost host do not become ACTIVE. */
async function ignorePortAway(work: Promise<void>, run: Run): Promise<void> {
  await work.catch((error: unknown) => {
    run.log.warn({ error }, 'the ports of a server are not ready on its lost host');
  });
}

async function bootGuest(compute: Compute, on: Evacuation, run: Run): Promise<GuestState> {
  const there = atDest(await movingOf(compute, on, run));
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { ...placeOf(there), taskState: 'rebuild_spawning' }));
  const adminPass = on.adminPass === null ? {} : { adminPass: compute.seal.open(on.adminPass) };
  const first = { ...there, launchedAt: null }; // its image may have to be downloaded
  const guest = await ensureGuest(compute, first, run, { power: on.power, ...adminPass });
  for (const attachment of await attachmentTable.list(compute.db, on.serverId))
    await completeVolume(compute, attachment);
  return guest;
}

async function leaveDest(compute: Compute, on: Evacuation, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await isGoneFrom(compute, moving.server, moving.dest, run);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), placeOf(atSource(moving))));
}

async function becomeEvacuated(tx: Knex, on: Evacuation, run: Run): Promise<void> {
  const { machine, power } = run.result<GuestState>('boot-guest');
  await changeMigration(tx, on.migrationId, { status: 'done' });
  await releaseServer(tx, owned(on, run), {
    ...rowOfGuest[power],
    machine,
    launchedAt: Date.now(),
    fault: null,
  });
  await endAction(tx, run);
}

async function becomeAsBefore(tx: Knex, on: Evacuation, run: Run, reason: string): Promise<void> {
  const { host } = await getOwnedServer(tx, owned(on, run));
  const elsewhere = await mayRunElsewhere(tx, on.serverId, host ?? '');
  await changeMigration(tx, on.migrationId, { status: 'failed', cleaned: !elsewhere });
  await releaseServer(tx, owned(on, run), {
    ...(elsewhere ? { vmState: 'error' as const } : {}),
    fault: faultOf(run, reason),
  });
  await endAction(tx, run, reason);
}
