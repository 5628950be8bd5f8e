/** Requests that move a running server. */
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { isLost } from '../hosts/states.ts';
import { agentBinary, findHost, listServices } from '../hosts/store.ts';
import { beginTask, type Initiator } from '../servers/begin-task.ts';
import type { Server } from '../servers/store.ts';
import { liveMigrateServer } from '../workflows/moves/live-migrate-server.ts';
import { insertMigration } from './store.ts';

export interface LiveInput {
  readonly wantedHost: string | null;
  /** Null: whatever the server needs. */
  readonly copyDisks: boolean | null;
}

export async function migrateLive(
  compute: Compute,
  caller: Initiator,
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
