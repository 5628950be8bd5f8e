/** Requests that resize a server or move it while it is off, and those that make the change final or undo it. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import type { Flavor } from '../flavors/resource.ts';
import { findFlavor } from '../flavors/store.ts';
import { findHost } from '../hosts/store.ts';
import { checkGrowth, computeQuotas } from '../quotas/operations.ts';
import { beginTask, type Initiator } from '../servers/begin-task.ts';
import { flavorCopyOf } from '../servers/new-server.ts';
import type { ServerTransition } from '../servers/states.ts';
import { changeServer, type FlavorCopy, type Server } from '../servers/store.ts';
import { checkFlavorRequirements } from '../workflows/flavor-requirements.ts';
import { confirmResize } from '../workflows/moves/confirm-resize.ts';
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

/** Makes a resize or a cold migration final. */
export const confirm = (compute: Compute, caller: Initiator, server: Server): Promise<void> =>
  endResize(compute, caller, server, {
    name: 'confirmResize',
    workflow: confirmResize,
    taskState: 'resize_confirming',
    status: 'confirming',
    event: 'compute_confirm_resize',
  });

export const revert = (compute: Compute, caller: Initiator, server: Server): Promise<void> =>
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
  caller: Initiator,
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
