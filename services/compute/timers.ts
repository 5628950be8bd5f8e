import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Knex } from 'knex';
import { every, type Ticker } from '#shared/clock/every.ts';
import { isHeld } from '#shared/db/hold.ts';
import { deleteOldWork } from '#shared/hosts/work.ts';
import { removeOldConsoles } from './consoles/store.ts';
import { type Compute, hostReported } from './context.ts';
import { restarter } from './high-availability/operations.ts';
import { reportToPlacement } from './hosts/operations.ts';
import { touchService } from './hosts/store.ts';
import { refreshAddresses } from './interfaces/operations.ts';
import { confirm } from './server-migrations/resize.ts';
import { changeMigration, listDoneEvacuations, listUnconfirmed } from './server-migrations/store.ts';
import { offloadServers, reclaimServers } from './servers/remove.ts';
import {
  findServer,
  listLiveServers,
  listOrphans,
  removeServersDeletedBefore,
  updateOwnedServer,
} from './servers/store.ts';
import { isOrderedGone } from './workflows/one-guest.ts';

const dayMs = 24 * 3_600_000;
const heartbeatMs = 5_000;
const sweepMs = 60_000;
/** How soon after a host is known to be lost its servers start elsewhere. */
const restartMs = 2_000;
const placementIntervalMs = 5_000;
/** Servers per run, so that a large cloud is read in parts. */
const refreshBatchSize = 50;

/** Entry point 3, the clock. Each timer compares the current state and corrects it. */
export function openTimers(compute: Compute, host = hostname()): Ticker[] {
  const { log, config } = compute;
  const failed = (what: string) => (error: unknown) => log.warn({ error, what }, 'a timer failed and runs again');
  const heartbeatTimer = every(heartbeatMs, () => heartbeat(compute, host), failed('heartbeat'));
  const sweep = every(sweepMs, () => sweepRows(compute), failed('sweep'));
  const refresh = every(config.refreshMs, refresher(compute), failed('addresses'));
  const confirming = every(sweepMs, () => confirmResizes(compute), failed('confirm'));
  const restarting = every(restartMs, restarter(compute), failed('restart'));
  const placementTimer = every(placementIntervalMs, () => reportToPlacement(compute), failed('placement'));
  const off = compute.bus.onNotify(hostReported, placementTimer.wake);
  for (const each of [heartbeatTimer, sweep, placementTimer]) each.wake();
  const closePlacement = async () => {
    off();
    await placementTimer.close();
  };
  return [heartbeatTimer, sweep, refresh, confirming, restarting, { wake: placementTimer.wake, close: closePlacement }];
}

/** Keeps the rows of the services that Nova would run here, for `compute service list`. */
async function heartbeat({ db }: Compute, host: string): Promise<void> {
  await db.transaction(async (tx) => {
    for (const binary of ['nova-conductor', 'nova-scheduler']) await touchService(tx, binary, host, Date.now());
  });
}

async function sweepRows(compute: Compute): Promise<void> {
  const { db, log, config } = compute;
  if (await isHeld(db)) return;
  await removeOldConsoles(db);
  await reclaimServers(compute);
  await offloadServers(compute);
  await deleteOldWork(db, Date.now() - config.keepWorkMs);
  await removeServersDeletedBefore(db, Date.now() - config.keepDeletedDays * dayMs);
  await completeEvacuations(db);
  for (const orphan of await listOrphans(db)) {
    log.error({ serverId: orphan.id, taskState: orphan.taskState }, 'a server has a task that does not exist');
    const fault = { code: 500, message: 'The work on this server was lost.', created: Date.now() };
    await updateOwnedServer(db, orphan, { vmState: 'error', taskState: null, taskId: null, fault });
  }
}

/** An evacuation is complete when the lost host has returned and removed what moved away. */
async function completeEvacuations(db: Knex): Promise<void> {
  for (const { id, serverId, sourceHost } of await listDoneEvacuations(db))
    if (!(await isOrderedGone(db, serverId, sourceHost)))
      await changeMigration(db, id, { status: 'completed', cleaned: true });
}

/** As Nova's resize_confirm_window: for projects that do not confirm by themselves. */
export async function confirmResizes(compute: Compute): Promise<void> {
  const { db, config, log } = compute;
  if (config.confirmResizeMs <= 0) return;
  for (const { serverId, userId, projectId } of await listUnconfirmed(db, Date.now() - config.confirmResizeMs)) {
    const server = await findServer(db, serverId);
    if (server?.vmState !== 'resized' || server.taskId !== null) continue;
    const by = { requestId: `req-${randomUUID()}`, userId, projectId };
    await confirm(compute, by, server).catch((error: unknown) =>
      log.warn({ serverId, error }, 'a resize could not be confirmed'),
    );
  }
}

/** Reads the addresses of servers in turn, in case an event was lost. */
function refresher(compute: Compute): () => Promise<void> {
  let last = 0;
  return async () => {
    const batch = await listLiveServers(compute.db, last, refreshBatchSize);
    last = batch.length < refreshBatchSize ? 0 : (batch.at(-1)?.sequence ?? 0);
    for (const { id } of batch)
      await refreshAddresses(compute, id).catch((error: unknown) =>
        compute.log.warn({ serverId: id, error }, 'could not read the addresses of a server'),
      );
  };
}
