/** Requests that resize a server or move it to another host. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { type ComputeCalls, callAddress, type MoveProgress } from '#shared/contracts/compute-agent.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import type { Flavor } from '../flavors/resource.ts';
import { findFlavor } from '../flavors/store.ts';
import { isLost } from '../hosts/states.ts';
import { agentBinary, findHost, listServices } from '../hosts/store.ts';
import { beginAction } from '../instance-actions/store.ts';
import { checkGrowth, computeQuotas } from '../quotas/operations.ts';
import { beginTask } from '../servers/begin-task.ts';
import { flavorCopyOf } from '../servers/new-server.ts';
import type { ServerTransition } from '../servers/states.ts';
import { changeServer, type FlavorCopy, type Server } from '../servers/store.ts';
import { checkFlavorRequirements } from '../workflows/flavor-requirements.ts';
import { confirmResize } from '../workflows/moves/confirm-resize.ts';
import { type Evacuation, evacuateServer } from '../workflows/moves/evacuate-server.ts';
import { liveMigrateServer } from '../workflows/moves/live-migrate-server.ts';
import { resizeServer } from '../workflows/moves/resize-server.ts';
import { revertResize } from '../workflows/moves/revert-resize.ts';
import { changeMigration, findMigrationBy, insertMigration, type ServerMigration } from './store.ts';

const transitionOf = (name: string): ServerTransition => ({
  name,
  from: { vmState: ['active', 'stopped'] },
  meanwhile: { taskState: 'resize_prep' },
});

export interface ResizeInput {
  readonly flavorRef: string | number;
  readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
}

export async function resize(compute: Compute, caller: Caller, server: Server, input: ResizeInput): Promise<void> {
  const flavor = await requestedFlavor(compute, caller, String(input.flavorRef));
  checkFlavor(server, flavor);
  await beginTask(compute, caller, server, {
    transitions: [transitionOf('resize')],
    workflow: resizeServer,
    action: 'resize',
    event: 'compute_finish_resize',
    params: async (tx) => {
      await reserveGrowth(tx, compute, server, flavor);
      const diskConfig = input['OS-DCF:diskConfig'];
      if (diskConfig !== undefined) await changeServer(tx, server.id, { diskConfig });
      return { serverId: server.id, migrationId: await begin(tx, compute, caller, server, 'resize', { flavor }) };
    },
  });
}

/** Cold migration: off on one host, and on again on another one. */
export async function migrate(
  compute: Compute,
  caller: Caller,
  server: Server,
  wantedHost: string | null,
): Promise<void> {
  if (wantedHost !== null) await checkDestination(compute, server, wantedHost);
  await beginTask(compute, caller, server, {
    transitions: [transitionOf('migrate')],
    workflow: resizeServer,
    action: 'migrate',
    event: 'compute_finish_resize',
    params: async (tx) => ({
      serverId: server.id,
      migrationId: await begin(tx, compute, caller, server, 'migration', { flavor: server.flavor, wantedHost }),
    }),
  });
}

async function checkDestination({ db }: Compute, { host }: Server, wanted: string): Promise<void> {
  if (wanted === host) throw badRequest('Cannot migrate to the host where the server exists.');
  if (!(await findHost(db, wanted))) throw badRequest(`Compute host ${wanted} could not be found.`);
}

interface Wanted {
  readonly flavor: FlavorCopy;
  readonly wantedHost?: string | null;
}

const begin = (
  tx: Knex,
  { seal }: Compute,
  caller: Caller,
  server: Server,
  type: ServerMigration['type'],
  { flavor, wantedHost = null }: Wanted,
) => insertMigration(tx, caller, server, { type, status: 'pre-migrating', newFlavor: flavor, wantedHost }, seal.seal);

async function requestedFlavor({ db }: Compute, caller: Caller, id: string): Promise<FlavorCopy> {
  const flavor: Flavor = await findFlavor(db, caller, id).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`Flavor ${id} could not be found.`);
    throw error;
  });
  if (flavor.disabled) throw badRequest(`Flavor ${id} could not be found.`);
  checkFlavorRequirements(flavor);
  return flavorCopyOf(flavor);
}

/** A disk of the server grows and never shrinks: its end may hold data. */
function checkFlavor({ flavor: old, image }: Server, flavor: FlavorCopy): void {
  if (flavor.id === old.id) throw badRequest('When resizing, instances must change flavor!');
  const smaller = (what: string, from: number, to: number) =>
    badRequest(
      `The ${what} disk of ${from} GB cannot shrink to ${to} GB: choose a flavor with a disk at least as large.`,
    );
  if (flavor.ephemeralGb < old.ephemeralGb) throw smaller('ephemeral', old.ephemeralGb, flavor.ephemeralGb);
  if (image === null || image.format === 'iso') return;
  if (flavor.diskGb === 0 && old.diskGb !== 0) throw badRequest('Resize to zero disk flavor is not allowed.');
  const rootGb = ({ diskGb }: FlavorCopy) => diskGb || image.sizeGb;
  if (rootGb(flavor) < rootGb(old)) throw smaller('root', rootGb(old), rootGb(flavor));
  if (flavor.ramMb < image.minRamMb) throw badRequest("Flavor's memory is too small for requested image.");
}

/** While the resize is not confirmed, the larger of both flavors counts against the quota. */
async function reserveGrowth(tx: Knex, { config }: Compute, server: Server, flavor: FlavorCopy): Promise<void> {
  const limited = { db: tx, config };
  await computeQuotas.lock(limited, server.projectId);
  const [vcpus, ramMb] = [Math.max(server.vcpus, flavor.vcpus), Math.max(server.ramMb, flavor.ramMb)];
  const growth = { vcpus: vcpus - server.vcpus, ramMb: ramMb - server.ramMb };
  await checkGrowth(limited, server.projectId, growth);
  await changeServer(tx, server.id, { vcpus, ramMb });
}

type By = Parameters<typeof beginTask>[1];

/** Makes a resize or a cold migration final. */
export const confirm = (compute: Compute, caller: By, server: Server): Promise<void> =>
  endResize(compute, caller, server, {
    name: 'confirmResize',
    workflow: confirmResize,
    taskState: 'resize_confirming',
    status: 'confirming',
    event: 'compute_confirm_resize',
  });

export const revert = (compute: Compute, caller: By, server: Server): Promise<void> =>
  endResize(compute, caller, server, {
    name: 'revertResize',
    workflow: revertResize,
    taskState: 'resize_reverting',
    status: 'reverting',
    event: 'compute_revert_resize',
  });

interface Ending {
  readonly name: 'confirmResize' | 'revertResize';
  readonly workflow: typeof confirmResize;
  readonly taskState: 'resize_confirming' | 'resize_reverting';
  readonly status: string;
  readonly event: string;
}

async function endResize(
  compute: Compute,
  caller: By,
  server: Server,
  { name, workflow, taskState, status, event }: Ending,
): Promise<void> {
  const { id: serverId, vmState } = server;
  if (vmState !== 'resized') throw conflict(`Cannot '${name}' instance ${serverId} while it is in vm_state ${vmState}`);
  await beginTask(compute, caller, server, {
    transitions: [{ name, from: { vmState: ['resized'] }, meanwhile: { taskState } }],
    workflow,
    action: name,
    event,
    params: async (tx) => {
      const migration = await findMigrationBy(tx, { serverId, status: 'finished' });
      if (!migration) throw badRequest('Instance has not been resized.');
      await changeMigration(tx, migration.id, { status });
      return { serverId, migrationId: migration.id };
    },
  });
}

export interface EvacuateInput {
  readonly wantedHost: string | null;
  /** The caller says that the disks are on storage that both hosts reach. */
  readonly shared: boolean;
  readonly adminPass: string | null;
  readonly staysOff: boolean;
}

const evacuating: ServerTransition = {
  name: 'evacuate',
  from: { vmState: ['active', 'stopped', 'error'] },
  meanwhile: { taskState: 'rebuilding' },
  overOwner: true,
};

/** To another host, after the loss of its own: refused while that host is up. */
export async function evacuate(compute: Compute, caller: By, server: Server, input: EvacuateInput): Promise<void> {
  const { wantedHost, shared } = input;
  const { id, host, taskState } = server;
  if (wantedHost !== null && !(await findHost(compute.db, wantedHost)))
    throw new Fault(404, 'notFound', `Compute host ${wantedHost} not found.`);
  if (wantedHost !== null && wantedHost === host) throw badRequest("The target host can't be the same one.");
  if (taskState === 'deleting') throw conflict(`Cannot 'evacuate' instance ${id} while it is in task_state deleting`);
  await requireLost(compute, server);
  if (shared && server.image !== null)
    throw badRequest(
      'Invalid shared storage: the disks of this server are on its host, and only its volumes are shared.',
    );
  await beginEvacuation(compute, caller, server, input, evacuating);
}

/** Automatically: only a server that no task owns. */
export async function restartElsewhere(compute: Compute, by: By, server: Server): Promise<void> {
  const { overOwner: _, ...free } = evacuating;
  const input = { wantedHost: null, adminPass: null, staysOff: false };
  await beginEvacuation(compute, by, server, input, { ...free, from: { vmState: ['active'] } });
}

const beginEvacuation = (
  { seal, ...compute }: Compute,
  caller: By,
  server: Server,
  { wantedHost, adminPass, staysOff }: Omit<EvacuateInput, 'shared'>,
  transition: ServerTransition,
): Promise<void> =>
  beginTask({ seal, ...compute }, caller, server, {
    transitions: [transition],
    workflow: evacuateServer,
    action: 'evacuate',
    event: 'compute_rebuild_instance',
    params: async (tx): Promise<Evacuation> => {
      const wanted = { type: 'evacuation', status: 'accepted', newFlavor: server.flavor, wantedHost } as const;
      return {
        serverId: server.id,
        migrationId: await insertMigration(tx, caller, server, wanted, seal.seal),
        power: staysOff || server.vmState === 'stopped' ? 'off' : 'on',
        adminPass: adminPass === null ? null : seal.seal(adminPass),
      };
    },
  });

async function requireLost(compute: Compute, { id, host }: Server): Promise<void> {
  if (host === null) throw conflict(`Instance ${id} has no host.`);
  const [service] = await listServices(compute.db, { binary: agentBinary, host });
  if (service && !isLost(compute, service)) throw badRequest(`Compute service of ${host} is still in use.`);
}

export interface LiveInput {
  readonly wantedHost: string | null;
  /** Null: whatever the server needs. */
  readonly copyDisks: boolean | null;
}

export async function migrateLive(
  compute: Compute,
  caller: By,
  server: Server,
  { wantedHost, copyDisks }: LiveInput,
): Promise<void> {
  const { id: serverId, host, flavor, vmState } = server;
  if (wantedHost !== null && wantedHost === host)
    throw badRequest(`Unable to migrate instance (${serverId}) to current host (${host}).`);
  if (wantedHost !== null && !(await findHost(compute.db, wantedHost)))
    throw badRequest(`Compute host ${wantedHost} could not be found.`);
  if (vmState !== 'active' && vmState !== 'paused')
    throw conflict(`Cannot 'os-migrateLive' instance ${serverId} while it is in vm_state ${vmState}`);
  await checkCopies(compute, server, copyDisks);
  await requireUp(compute, host ?? '');
  await beginTask(compute, caller, server, {
    transitions: [
      {
        name: 'os-migrateLive',
        from: { vmState: ['active', 'paused'] },
        meanwhile: { taskState: 'migrating' },
      },
    ],
    workflow: liveMigrateServer,
    action: 'live-migration',
    event: 'compute_live_migration',
    params: async (tx) => {
      const wanted = { type: 'live-migration', status: 'queued', newFlavor: flavor, wantedHost } as const;
      return { serverId, migrationId: await insertMigration(tx, caller, server, wanted, compute.seal.seal) };
    },
  });
}

/** Local disks are always copied: hosts share none. */
async function checkCopies({ db }: Compute, server: Server, copyDisks: boolean | null): Promise<void> {
  const { host, image, flavor } = server;
  const blanks = (await attachmentTable.list(db, server.id)).some(({ destination }) => destination === 'local');
  const hasLocal = blanks || flavor.ephemeralGb > 0 || flavor.swapMb > 0 || (image !== null && image.format !== 'iso');
  if (copyDisks === false && hasLocal)
    throw badRequest(
      `${host} is not on shared storage: Shared storage live-migration requires either shared storage or boot-from-volume with no local disks.`,
    );
  if (copyDisks === true && !hasLocal)
    throw badRequest(`${host} is not on local storage: Block migration can not be used with shared storage.`);
}

async function requireUp(compute: Compute, host: string): Promise<void> {
  const [service] = await listServices(compute.db, { binary: agentBinary, host });
  if (service && isLost(compute, service)) throw badRequest(`Compute service of ${host} is unavailable at this time.`);
}

type Control = ComputeCalls['controlSending']['request']['what'];

/** Asks the host that sends the guest. Null when it sends none. */
export async function controlSending(
  { bus, log }: Compute,
  { serverId, sourceHost }: ServerMigration,
  what: Control,
): Promise<MoveProgress | null> {
  const request: ComputeCalls['controlSending']['request'] = { id: serverId, what };
  const address = callAddress(sourceHost, 'controlSending');
  const reply = bus.call<ComputeCalls['controlSending']['reply']>(address, request, { timeoutMs: 3_000 });
  return reply.then(
    ({ progress }) => progress,
    (error: unknown) => {
      log.warn({ serverId, host: sourceHost, error }, 'the progress of a live migration is unknown');
      return null;
    },
  );
}

/** Ends a live migration that has not been sent: the server goes on where it is. */
export async function abortMigration(
  compute: Compute,
  caller: Caller,
  server: Server,
  migration: ServerMigration,
  mayBeEarly: boolean,
): Promise<void> {
  requireMigrating(server, 'abort live migration');
  const early = mayBeEarly && ['queued', 'preparing'].includes(migration.status);
  if (!early && migration.status !== 'running') throw invalidState(migration, server, 'abort');
  // nothing is sent yet: the task ends before it sends
  if (early) await changeMigration(compute.db, migration.id, { status: 'cancelling' });
  else await controlSending(compute, migration, 'abort');
  await noteAction(compute, caller, server, 'live_migration_cancel');
}

/** Pauses the guest, so that nothing more changes and the rest is sent. */
export async function forceComplete(
  compute: Compute,
  caller: Caller,
  server: Server,
  migration: ServerMigration,
): Promise<void> {
  requireMigrating(server, 'force_complete');
  if (migration.status !== 'running') throw invalidState(migration, server, 'force_complete');
  await controlSending(compute, migration, 'force');
  await noteAction(compute, caller, server, 'live_migration_force_complete');
}

function requireMigrating({ id, taskState }: Server, name: string): void {
  if (taskState !== 'migrating')
    throw conflict(`Cannot '${name}' instance ${id} while it is in task_state ${taskState ?? 'None'}`);
}

const invalidState = ({ sequence, status }: ServerMigration, { id }: Server, method: string) =>
  badRequest(
    `Migration ${sequence} state of instance ${id} is ${status}. Cannot ${method} while the migration is in this state.`,
  );

async function noteAction({ db }: Compute, caller: Caller, { id: serverId, host }: Server, action: string) {
  const ended = { finishedAt: Date.now(), result: 'Success' } as const;
  await beginAction(db, caller, { serverId, action, host, ...ended });
}
