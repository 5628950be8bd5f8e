/** Requests that start the servers of a lost host elsewhere. */
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import { isLost } from '../hosts/states.ts';
import { agentBinary, findHost, listServices } from '../hosts/store.ts';
import { beginTask, type Initiator } from '../servers/begin-task.ts';
import type { ServerTransition } from '../servers/states.ts';
import type { Server } from '../servers/store.ts';
import { type Evacuation, evacuateServer } from '../workflows/moves/evacuate-server.ts';
import { insertMigration } from './store.ts';

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
export async function evacuate(
  compute: Compute,
  caller: Initiator,
  server: Server,
  input: EvacuateInput,
): Promise<void> {
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
export async function restartElsewhere(compute: Compute, by: Initiator, server: Server): Promise<void> {
  const { overOwner: _, ...free } = evacuating;
  const input = { wantedHost: null, adminPass: null, staysOff: false };
  await beginEvacuation(compute, by, server, input, { ...free, from: { vmState: ['active'] } });
}

const beginEvacuation = (
  { seal, ...compute }: Compute,
  caller: Initiator,
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
