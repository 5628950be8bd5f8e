/** What the workflows of resizes and moves have in common: the two hosts of a migration, and what each of them has. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { HostAway, ignoreHostAway } from '#shared/hosts/hosts.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import type { Compute } from '../../context.ts';
import { findHost } from '../../hosts/store.ts';
import { insertSchedulingDecision } from '../../scheduling-decisions/store.ts';
import { changeMigration, getMigration, type ServerMigration } from '../../server-migrations/store.ts';
import type { TaskState } from '../../servers/states.ts';
import { getOwnedServer, type Server, updateOwnedServer } from '../../servers/store.ts';
import { acquireGuestLock, ensureGuestGone, type OnServer, owned, whileHostUp } from '../guest.ts';
import { NoValidHost, type RankedHosts, rankHosts, resourcesOf } from '../placing.ts';
import { addressesOf, plugPorts, savePorts } from '../ports.ts';

export interface OnMigration extends OnServer {
  readonly migrationId: string;
}

export interface Moving {
  readonly server: Server;
  readonly migration: ServerMigration;
  readonly source: string;
  readonly dest: string;
  /** A resize on the same host. */
  readonly stays: boolean;
}

export async function movingOf({ db }: Compute, on: OnMigration, run: Run): Promise<Moving> {
  const server = await getOwnedServer(db, owned(on, run));
  const migration = await getMigration(db, on.migrationId);
  const { sourceHost: source, destHost } = migration;
  const dest = destHost ?? source;
  return { server, migration, source, dest, stays: source === dest };
}

/** The row as it is on the source host. */
export const atSource = ({ server, migration }: Moving): Server => ({
  ...server,
  host: migration.sourceHost,
  zone: migration.sourceZone,
  flavorId: migration.oldFlavor.id,
  flavor: migration.oldFlavor,
});

export const atDest = ({ server, migration: { newFlavor, destHost, destZone } }: Moving): Server => ({
  ...server,
  host: destHost,
  zone: destZone,
  flavorId: newFlavor.id,
  flavor: newFlavor,
});

/** The columns that say where a server is and what it has. */
export const placeOf = ({ host, zone, flavorId, flavor }: Server) => ({ host, zone, flavorId, flavor });

/** Of a host, for placement. */
export async function providerOf({ db }: Compute, name: string): Promise<string> {
  const host = await findHost(db, name);
  if (!host) throw new Fault(500, 'unexpected', 'The host of the server does not exist any more.', { details: name });
  return host.id;
}

/** The server's own allocation. */
export const claimOf = (server: Server, providerId: string) => ({
  consumerId: server.id,
  providerId,
  resources: resourcesOf(server),
  projectId: server.projectId,
  userId: server.userId,
});

/** What the migration holds on the source host, as its own consumer. */
export const heldClaimOf = (moving: Moving, providerId: string) => ({
  ...claimOf(atSource(moving), providerId),
  consumerId: moving.migration.id,
});

const heldRelease = ({ server, migration }: Moving) => ({
  consumerId: migration.id,
  providerId: null,
  projectId: server.projectId,
  userId: server.userId,
});

/** For an undo and a revert: the server has its old allocation, and the migration none. */
export async function claimSourceAgain(compute: Compute, moving: Moving): Promise<void> {
  const source = await providerOf(compute, moving.source);
  await compute.placement.allocateAll([heldRelease(moving), claimOf(atSource(moving), source)]);
}

/** By the decision of the step `choose-host`: saves the host that has room, before any work on it. */
export async function claimDest(
  compute: Compute,
  on: OnMigration,
  run: Run,
  { held, status, taskState }: ClaimDest,
): Promise<void> {
  const moving = await movingOf(compute, on, run);
  const { server, migration } = moving;
  const { explanation, providers, zones } = run.result<RankedHosts>('choose-host');
  for (const host of explanation.ranked) {
    const dest = claimOf({ ...server, flavor: migration.newFlavor }, providers[host] ?? '');
    const source = held ? [heldClaimOf(moving, await providerOf(compute, moving.source))] : [];
    if (!(await compute.placement.allocateAll([...source, dest]))) continue;
    const destAddress = (await findHost(compute.db, host))?.report.address ?? null;
    await run.commit(async (tx) => {
      await refuseCancelled(tx, migration.id);
      await insertSchedulingDecision(tx, server.id, { ...explanation, chosen: host });
      await changeMigration(tx, migration.id, { destHost: host, destZone: zones[host] ?? null, destAddress, status });
      await updateOwnedServer(tx, owned(on, run), { taskState });
    });
    return;
  }
  throw new NoValidHost(explanation);
}

/** A live migration that was aborted before anything was sent. */
export async function refuseCancelled(tx: Knex, migrationId: string): Promise<void> {
  const { status } = await getMigration(tx, migrationId);
  if (status === 'cancelling') throw new Fault(409, 'aborted', 'The live migration was aborted.');
}

interface ClaimDest {
  /** The migration holds what the server has on its source. */
  readonly held: boolean;
  /** Of the migration and of the server, afterwards. */
  readonly status: string;
  readonly taskState: TaskState;
}

/** A step: another host than the source, for a server that is the task's alone from here on. */
export async function chooseOtherHost(compute: Compute, on: OnMigration, run: Run): Promise<RankedHosts> {
  await acquireGuestLock(compute, on.serverId, run);
  const moving = await movingOf(compute, on, run);
  return rankDests(compute, moving, moving.source, run);
}

/** Ranks the hosts for a server that moves; saves the decision when there is none. */
export async function rankDests(
  compute: Compute,
  { server, migration }: Moving,
  leaves: string | null,
  run: Run,
): Promise<RankedHosts> {
  const wanted = { ...server, flavor: migration.newFlavor, wantedHost: migration.wantedHost };
  return rankHosts(compute, wanted, leaves).catch(async (error: unknown) => {
    if (error instanceof NoValidHost)
      await run.commit((tx) => insertSchedulingDecision(tx, server.id, error.explanation));
    throw error;
  });
}

/** Binds the ports of the server to the host that `server` names, and saves them. */
export async function bindPorts(compute: Compute, server: Server, on: OnServer, run: Run): Promise<void> {
  const plugged = await plugPorts(compute, server, run);
  await run.commit(async (tx) => {
    await savePorts(tx, plugged);
    await updateOwnedServer(tx, owned(on, run), addressesOf(plugged));
  });
}

/** Work of one host for another one: fails as soon as either is down. */
export const whileBothUp = <T>(compute: Compute, { source, dest }: Moving, work: Promise<T>): Promise<T> =>
  whileHostUp(compute, source, whileHostUp(compute, dest, work));

/** False when the host is away: it removes the guest when it returns, and until then the guest may run there. */
export async function isGoneFrom(compute: Compute, server: Server, host: string, run: Run): Promise<boolean> {
  try {
    await whileHostUp(compute, host, compute.hosts.on(host, run).ensureGuestGone({ id: server.id }));
    return true;
  } catch (error) {
    if (!(error instanceof HostAway)) throw error;
    return false;
  }
}

export const removeFrom = (compute: Compute, server: Server, host: string, run: Run): Promise<void> =>
  ensureGuestGone(compute, { ...server, host }, run);

export const backUpDisks = async (
  compute: Compute,
  { server, migration, source }: Moving,
  state: 'kept' | 'restored' | 'gone',
  run: Run,
): Promise<void> => {
  const spec = { id: `${server.id}/backup`, serverId: server.id, mark: migration.id, state };
  const work = whileHostUp(compute, source, compute.copiers.on(source, run).ensureDiskBackup(spec));
  await (state === 'gone' ? ignoreHostAway(work) : work);
};
