/** The guest lock, and sending specs to the host of a guest. */
import { waitFor } from '#shared/bus/wait.ts';
import type { GuestState } from '#shared/contracts/compute-agent.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { HostAway, ignoreHostAway } from '#shared/hosts/hosts.ts';
import type { Owned } from '#shared/states/owned.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { type Compute, taskAdvanced } from '../context.ts';
import { isLost } from '../hosts/states.ts';
import { agentBinary, listServices } from '../hosts/store.ts';
import { wantedPower } from '../servers/states.ts';
import { findServer, type Server, tryLockGuest } from '../servers/store.ts';
import { type GuestOptions, guestSpec } from './guest-spec.ts';
import { refuseSecondGuest } from './one-guest.ts';

export interface OnServer {
  readonly serverId: string;
}

/** The server while this task owns it. */
export const owned = ({ serverId }: OnServer, { taskId }: Run): Owned => ({ id: serverId, taskId });

/** The fault of a server in ERROR: `details` are for administrators. */
export const faultOf = ({ details }: Pick<Run, 'details'>, message: string) => ({
  code: 500,
  message,
  created: Date.now(),
  ...(details === undefined ? {} : { details }),
});

/** For tasks that do not own the server: throws when it is deleted or being deleted. */
export async function getServerNotDeleting({ db }: Compute, { serverId }: OnServer): Promise<Server> {
  const server = await findServer(db, serverId);
  if (!server) throw notFound('Instance', serverId);
  if (server.taskState === 'deleting') throw conflict(`Instance ${serverId} is being deleted.`);
  return server;
}

const lockPollMs = 1_000;

/**
 * A spec states the whole guest, so one task at a time may send it: the others wait here. A task holds the lock
 * until it ends, and the lock of a task that no longer exists is free. A build holds it from the start.
 */
export async function acquireGuestLock({ db, bus }: Compute, serverId: string, run: Run): Promise<void> {
  const tryLock = async () => {
    const server = await findServer(db, serverId);
    if (!server) throw notFound('Instance', serverId);
    const isMine =
      server.guestTaskId === run.taskId || (await run.commit((tx) => tryLockGuest(tx, serverId, run.taskId)));
    return isMine ? server : undefined;
  };
  await waitFor(bus, taskAdvanced, lockPollMs, tryLock, run.signal);
}

/** Sends the spec to the host and waits for the result. A first boot has the long timeout, since it downloads the image. */
export async function ensureGuest(
  compute: Compute,
  server: Server,
  run: Run,
  options: GuestOptions,
): Promise<GuestState> {
  const { db, hosts, copiers } = compute;
  const host = server.host ?? '';
  if (options.power !== 'off') await refuseSecondGuest(db, server.id, host);
  const spec = await guestSpec(compute, db, server, options);
  const agents = server.launchedAt === null ? copiers : hosts;
  return whileHostUp(compute, host, agents.on(host, run).ensureGuest(spec));
}

/** Sends the spec of the current rows; does nothing for a deleted server. */
export async function ensureGuestAsRows(compute: Compute, { serverId }: OnServer, run: Run): Promise<void> {
  if (!(await findServer(compute.db, serverId))) return;
  await acquireGuestLock(compute, serverId, run);
  const server = await findServer(compute.db, serverId);
  if (!server || server.host === null || server.taskState === 'deleting') return;
  await ensureGuest(compute, server, run, { power: wantedPower(server) });
}

/** For undo and delete: a host that is down finds this work when it returns. */
export async function ensureGuestGone(compute: Compute, server: Server, run: Run): Promise<void> {
  const { host, id } = server;
  if (host !== null)
    await ignoreHostAway(whileHostUp(compute, host, compute.hosts.on(host, run).ensureGuestGone({ id })));
}

const downCheckMs = 2_000;

/** Resolves with the host's result; throws HostAway as soon as the host is down, before its timeout. */
export async function whileHostUp<T>(compute: Compute, host: string, request: Promise<T>): Promise<T> {
  const down = Promise.withResolvers<never>();
  const watch = setInterval(() => {
    void isDown(compute, host).then((is) => is && down.reject(new HostAway(host, compute.config.hostDownMs)));
  }, downCheckMs);
  request.catch(() => {}); // a later rejection is not handled when the host is down
  return Promise.race([request, down.promise]).finally(() => clearInterval(watch));
}

async function isDown(compute: Compute, host: string): Promise<boolean> {
  const [service] = await listServices(compute.db, { binary: agentBinary, host }).catch(() => []);
  return service !== undefined && isLost(compute, service);
}
