/** Resize and cold migration: the guest goes off, its disks go to the other host or are backed up, and it starts anew. */
import type { Knex } from 'knex';
import { type GuestState, isLocal } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentTable } from '../../attachments/store.ts';
import type { Compute } from '../../context.ts';
import { endAction } from '../../instance-actions/store.ts';
import { changeMigration } from '../../server-migrations/store.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../../servers/store.ts';
import { acquireGuestLock, ensureGuest, faultOf, owned } from '../guest.ts';
import { guestSpec } from '../guest-spec.ts';
import { mayRunElsewhere } from '../one-guest.ts';
import type { RankedHosts } from '../placing.ts';
import { moveVolumes } from '../volumes.ts';
import {
  atDest,
  atSource,
  backUpDisks,
  bindPorts,
  claimDest,
  claimSourceAgain,
  isGoneFrom,
  movingOf,
  type OnMigration,
  placeOf,
  rankDests,
  whileBothUp,
} from './on-migration.ts';

/** From ACTIVE or SHUTOFF to VERIFY_RESIZE; on failure back to what the server was. */
export const resizeServer = workflow<OnMigration, Compute>({
  name: 'resize-server',
  deadlineMs: 2 * 60 * 60_000,
  steps: [
    step('choose-host', chooseHost),
    step('claim-resources', claimResources, releaseResources),
    step('stop-guest', stopGuest, startGuestAgain),
    step('copy-disks', copyDisks, dropCopy),
    step('move-volumes', moveVolumesThere, moveVolumesBack),
    step('move-ports', movePorts, movePortsBack),
    step('boot-guest', bootGuest, leaveDest),
  ],
  done: becomeResized,
  failed: becomeAsBefore,
});

async function chooseHost(compute: Compute, on: OnMigration, run: Run): Promise<RankedHosts> {
  await acquireGuestLock(compute, on.serverId, run);
  const moving = await movingOf(compute, on, run);
  const { type, sourceHost } = moving.migration;
  const mustLeave = type === 'migration' || !compute.config.resizeToSameHost;
  return rankDests(compute, moving, mustLeave ? sourceHost : null, run);
}

/** The server's allocation is that of the new host; the migration holds the old one. */
function claimResources(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  return claimDest(compute, on, run, { held: true, status: 'migrating', taskState: 'resize_migrating' });
}

async function releaseResources(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  await claimSourceAgain(compute, await movingOf(compute, on, run));
}

async function stopGuest(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await ensureGuest(compute, atSource(moving), run, { power: 'off' });
}

/** Not while the guest may still be on the other host. */
async function startGuestAgain(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const power = moving.migration.oldVmState === 'active' ? 'on' : 'off';
  await ignoreHostAway(ensureGuest(compute, atSource(moving), run, { power }));
}

async function copyDisks(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const { server, migration, source, dest, stays } = moving;
  if (stays) return backUpDisks(compute, moving, 'kept', run);
  const key = compute.seal.open(migration.transferKey ?? '');
  const transfer = { id: migration.id, transferKey: key };
  const of = { serverId: server.id, transfer };
  const offer = { id: `${server.id}/offer`, ...of };
  const from = await whileBothUp(compute, moving, compute.hosts.on(source, run).offerGuest(offer));
  const guest = await guestSpec(
    compute,
    compute.db,
    { ...atDest(moving), flavor: migration.oldFlavor },
    { power: 'off' },
  );
  const fetch = { id: `${server.id}/fetch`, ...of, from, guest: withoutVolumes(guest) };
  await whileBothUp(compute, moving, compute.copiers.on(dest, run).fetchGuest(fetch));
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'resize_migrated' }));
}

/** The guest is off: it logs in to its volumes and has its NICs when it boots. */
const withoutVolumes = (guest: Awaited<ReturnType<typeof guestSpec>>) => ({
  ...guest,
  nics: [],
  disks: guest.disks.filter(isLocal),
});

/** On another host the copy is removed with the guest. */
async function dropCopy(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (moving.stays) return ignoreHostAway(backUpDisks(compute, moving, 'restored', run));
  if (await isGoneFrom(compute, moving.server, moving.dest, run)) return;
  run.log.warn({ host: moving.dest }, 'a host is away, and removes its copy of a guest when it returns');
}

async function moveVolumesThere(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { stays, dest } = await movingOf(compute, on, run);
  if (!stays) await moveVolumes(compute, on.serverId, dest, run);
}

async function moveVolumesBack(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { stays, source } = await movingOf(compute, on, run);
  if (!stays) await moveVolumes(compute, on.serverId, source, run);
}

async function movePorts(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (!moving.stays) await bindPorts(compute, atDest(moving), on, run);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'resize_finish' }));
}

async function movePortsBack(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (!moving.stays) await bindPorts(compute, atSource(moving), on, run);
}

/** The row names the other host before its guest starts. */
async function bootGuest(compute: Compute, on: OnMigration, run: Run): Promise<GuestState> {
  const moving = await movingOf(compute, on, run);
  const there = atDest(moving);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), placeOf(there)));
  const power = moving.migration.oldVmState === 'active' ? 'on' : 'off';
  const guest = await ensureGuest(compute, there, run, { power });
  if (guest.power !== 'crashed') return guest;
  throw new Fault(500, 'unexpected', 'The guest did not start with its new flavor.', {
    details: `The guest crashed on host ${moving.dest}.`,
  });
}

/** The guest is off there before the other one starts. */
async function leaveDest(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  if (!moving.stays) await isGoneFrom(compute, moving.server, moving.dest, run);
  else await ignoreHostAway(ensureGuest(compute, atDest(moving), run, { power: 'off' }));
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), placeOf(atSource(moving))));
}

async function becomeResized(tx: Knex, on: OnMigration, run: Run): Promise<void> {
  const { machine, power, devices } = run.result<GuestState>('boot-guest');
  await changeMigration(tx, on.migrationId, { status: 'finished' });
  await releaseServer(tx, owned(on, run), {
    vmState: 'resized',
    powerState: power === 'on' ? 'running' : 'shutdown',
    machine,
    launchedAt: Date.now(),
    fault: null,
  });
  for (const { id, volumeId } of await attachmentTable.list(tx, on.serverId)) {
    const named = volumeId === null ? undefined : devices[volumeId];
    if (named !== undefined) await attachmentTable.change(tx, id, { device: `/dev/${named}` });
  }
  await endAction(tx, run);
}

/** In ERROR when its guest may still be on the other host: then it was not started here. */
async function becomeAsBefore(tx: Knex, on: OnMigration, run: Run, reason: string): Promise<void> {
  const { flavor, host } = await getOwnedServer(tx, owned(on, run));
  const elsewhere = await mayRunElsewhere(tx, on.serverId, host ?? '');
  await changeMigration(tx, on.migrationId, { status: 'error', cleaned: !elsewhere });
  await releaseServer(tx, owned(on, run), {
    ...(elsewhere ? { vmState: 'error' as const } : {}),
    vcpus: flavor.vcpus,
    ramMb: flavor.ramMb,
    fault: faultOf(run, reason),
  });
  await endAction(tx, run, reason);
}
