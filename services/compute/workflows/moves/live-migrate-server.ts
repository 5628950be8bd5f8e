/** A running server goes to another host. Until it is sent everything can be undone; afterwards it is there, whatever happens. */
import type { Knex } from 'knex';
import { type DiskSpec, type GuestSpec, isLocal, type ReceivedGuest } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { HostAway, ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentTable } from '../../attachments/store.ts';
import type { Compute } from '../../context.ts';
import { endAction } from '../../instance-actions/store.ts';
import { changeMigration } from '../../server-migrations/store.ts';
import { powerOf } from '../../servers/states.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../../servers/store.ts';
import { ensureGuest, faultOf, owned } from '../guest.ts';
import { diskSourceOf, guestSpec } from '../guest-spec.ts';
import { mayRunElsewhere } from '../one-guest.ts';
import { activateBindings, bindElsewhere, unbindFrom } from '../ports.ts';
import { completeVolume, disconnectOthers } from '../volumes.ts';
import {
  atDest,
  atSource,
  chooseOtherHost,
  claimDest,
  claimSourceAgain,
  isGoneFrom,
  type Moving,
  movingOf,
  type OnMigration,
  placeOf,
  refuseCancelled,
  removeFrom,
  whileBothUp,
} from './on-migration.ts';
import { type NewConnections, newConnections, noteAttachments, removeNewAttachments } from './take-volumes.ts';

/** From ACTIVE or PAUSED to the same on another host; on failure it goes on where it was. */
export const liveMigrateServer = workflow<OnMigration, Compute>({
  name: 'live-migrate-server',
  deadlineMs: 4 * 60 * 60_000,
  steps: [
    step('choose-host', chooseOtherHost),
    step('claim-resources', claimResources, releaseResources),
    step('note-attachments', noteAttachments),
    step('connect-volumes', connectVolumes, removeNewAttachments),
    step('bind-ports', bindPortsThere, unbindPorts),
    step('receive', receive, stopReceiving),
    step('send', send, stay),
    step('take-over', takeOver),
  ],
  done: becomeMigrated,
  failed: becomeAsBefore,
});

function claimResources(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  return claimDest(compute, on, run, { held: true, status: 'preparing', taskState: 'migrating' });
}

async function releaseResources(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  await claimSourceAgain(compute, await movingOf(compute, on, run));
}

async function connectVolumes(compute: Compute, on: OnMigration, run: Run): Promise<NewConnections> {
  const { dest } = await movingOf(compute, on, run);
  return newConnections(compute, on.serverId, dest, run);
}

async function bindPortsThere(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { server, dest } = await movingOf(compute, on, run);
  await bindElsewhere(compute, server, dest);
}

async function unbindPorts(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { server, dest } = await movingOf(compute, on, run);
  await unbindFrom(compute, server, dest);
}

async function receive(compute: Compute, on: OnMigration, run: Run): Promise<ReceivedGuest> {
  const moving = await movingOf(compute, on, run);
  const { server, source } = moving;
  const of = { serverId: server.id, transfer: transferOf(compute, moving) };
  const offer = { id: `${server.id}/offer`, ...of, live: true as const };
  const from = await whileBothUp(compute, moving, compute.hosts.on(source, run).offerGuest(offer));
  const guest = await specThere(compute, moving, run);
  const spec = { id: `${server.id}/receive`, ...of, from, guest, copies: localDisks(guest) };
  return whileBothUp(compute, moving, compute.copiers.on(moving.dest, run).receiveGuest(spec));
}

const transferOf = ({ seal }: Compute, { migration }: Moving) => ({
  id: migration.id,
  transferKey: seal.open(migration.transferKey ?? ''),
});

const localDisks = ({ disks }: GuestSpec): string[] =>
  disks.filter((disk) => isLocal(disk) && !disk.cdrom).map(({ id }) => id);

/** With the volumes as the other host reaches them. */
async function specThere(compute: Compute, moving: Moving, run: Run): Promise<GuestSpec> {
  const connections = run.result<NewConnections>('connect-volumes');
  const power = powerOf(moving.server);
  const spec = await guestSpec(compute, compute.db, atDest(moving), { power });
  const there = (disk: DiskSpec): DiskSpec => {
    const made = connections[disk.id];
    return made ? { ...disk, source: diskSourceOf(made.connection, compute.seal) } : disk;
  };
  return { ...spec, disks: spec.disks.map(there) };
}

/** On a host that is away the process waits for ever, or is removed when it returns. */
async function stopReceiving(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const { server, dest } = await movingOf(compute, on, run);
  await isGoneFrom(compute, server, dest, run);
}

async function send(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const { server, source } = moving;
  await run.commit(async (tx) => {
    await refuseCancelled(tx, on.migrationId);
    await changeMigration(tx, on.migrationId, { status: 'running' });
  });
  const copies = localDisks(await specThere(compute, moving, run));
  const { address: to } = run.result<ReceivedGuest>('receive');
  const spec = { id: `${server.id}/send`, serverId: server.id, transfer: transferOf(compute, moving), to, copies };
  try {
    await whileBothUp(compute, moving, compute.copiers.on(source, run).sendGuest(spec));
  } catch (error) {
    if (error instanceof HostAway && (await hasArrived(compute, on, run))) return;
    throw error;
  }
}

/** The source is lost: the destination knows whether it has the guest. */
async function hasArrived(compute: Compute, on: OnMigration, run: Run): Promise<boolean> {
  const moving = await movingOf(compute, on, run);
  const { server, dest } = moving;
  const of = { serverId: server.id, transfer: transferOf(compute, moving) };
  const guest = await specThere(compute, moving, run);
  const from = { address: '', slots: {}, files: [] };
  const spec = { id: `${server.id}/receive`, ...of, from, guest, copies: localDisks(guest) };
  const { arrived } = await compute.hosts.on(dest, run).receiveGuest(spec);
  return arrived;
}

/** The source runs the guest only when the other host has none: the copy there may have begun to run. */
async function stay(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  await isGoneFrom(compute, moving.server, moving.dest, run);
  const power = powerOf(moving.server);
  await ignoreHostAway(ensureGuest(compute, atSource(moving), run, { power }));
}

/** A refusal changes nothing any more: the guest is there, and what is left is told in the log. */
async function takeOver(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const { server, source, dest } = moving;
  const there = atDest(moving);
  const connections = run.result<NewConnections>('connect-volumes');
  await run.commit(async (tx) => {
    await changeMigration(tx, on.migrationId, { status: 'post-migrating' });
    await updateOwnedServer(tx, owned(on, run), placeOf(there));
    for (const { id, volumeId } of await attachmentTable.list(tx, server.id)) {
      const made = volumeId === null ? undefined : connections[volumeId];
      if (made) await attachmentTable.change(tx, id, made);
    }
  });
  await unlessRefused(run, 'ports', activateBindings(compute, there, source));
  await unlessRefused(run, 'guest', ensureGuest(compute, there, run, { power: powerOf(server) }));
  await removeFrom(compute, server, source, run);
  for (const row of await attachmentTable.list(compute.db, server.id)) {
    if (row.volumeId === null || row.attachmentId === null) continue;
    const others = { instance: server.id, volume: row.volumeId, keep: row.attachmentId };
    await unlessRefused(run, 'volume', completeVolume(compute, row));
    await unlessRefused(run, 'volume', disconnectOthers(compute, others, run.signal));
  }
  await compute.placement.deallocate(on.migrationId);
  run.log.info({ source, dest }, 'a server was migrated live');
}

async function unlessRefused(run: Run, what: string, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    run.log.error({ what, error }, 'a server has been migrated, and something of it did not follow');
  });
}

async function becomeMigrated(tx: Knex, on: OnMigration, run: Run): Promise<void> {
  await changeMigration(tx, on.migrationId, { status: 'completed', cleaned: true });
  await releaseServer(tx, owned(on, run), { fault: null });
  await endAction(tx, run);
}

async function becomeAsBefore(tx: Knex, on: OnMigration, run: Run, reason: string): Promise<void> {
  const { host } = await getOwnedServer(tx, owned(on, run));
  const elsewhere = await mayRunElsewhere(tx, on.serverId, host ?? '');
  const status = /was aborted/.test(reason) ? 'cancelled' : 'error';
  await changeMigration(tx, on.migrationId, { status, cleaned: !elsewhere });
  await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
  await endAction(tx, run, reason);
}
