import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { type Interface, interfaceTable } from '../interfaces/store.ts';
import { changeServer, findServer } from '../servers/store.ts';
import { ensureGuestAsRows, getServerNotDeleting, type OnServer } from './guest.ts';
import { partSteps } from './parts.ts';
import { addressesOf, plugPort, portsOfServer, savePorts, unplugPort } from './ports.ts';

interface OnInterface extends OnServer {
  readonly interfaceId: string;
}

const {
  get,
  unplug: unplugNic,
  plugAgain,
  becomeAttached,
  becomeNothing,
} = partSteps<OnInterface, Interface>({
  table: interfaceTable,
  noun: 'Interface',
  idOf: ({ interfaceId }) => interfaceId,
  save: async (tx, { serverId }) => changeServer(tx, serverId, addressesOf(await interfaceTable.list(tx, serverId))),
});

const deadlineMs = 10 * 60_000;

/** From attaching to attached; on failure removes the NIC, with the reason in the action. */
export const attachInterface = workflow<OnInterface, Compute>({
  name: 'attach-interface',
  deadlineMs,
  steps: [step('plug-port', plug, unplug), step('plug-nic', plugNic, unplugNic)],
  done: becomeAttached,
  failed: becomeNothing,
});

/** From attached to removed; on failure attached again, with the reason in the action. */
export const detachInterface = workflow<OnInterface, Compute>({
  name: 'detach-interface',
  deadlineMs,
  steps: [step('unplug-nic', ensureGuestAsRows, plugAgain), step('unplug-port', unplug)],
  done: becomeNothing,
  failed: becomeAttached,
});

async function plug(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  const server = await getServerNotDeleting(compute, on);
  const nic = await get(compute, on);
  const made = await portsOfServer(compute, server);
  // security groups of the launch are for the NICs of the launch: this one gets the default of its network
  const plugged = await plugPort(compute, { ...server, wantedGroups: [] }, nic, made, run);
  await run.commit((tx) => savePorts(tx, [plugged]));
}

/** Also finds a port by its mark that no row names yet. */
async function unplug(compute: Compute, on: OnInterface): Promise<void> {
  const nic = await interfaceTable.find(compute.db, on.interfaceId);
  if (!nic) return;
  if (nic.portId !== null) return unplugPort(compute, nic.portId, !nic.ownPort);
  const server = await findServer(compute.db, on.serverId);
  const made = server ? await portsOfServer(compute, server) : [];
  for (const port of made.filter((each) => each['binding:profile']?.nic === nic.place))
    await unplugPort(compute, port.id, false);
}

async function plugNic(compute: Compute, on: OnInterface, run: Run): Promise<void> {
  await getServerNotDeleting(compute, on);
  await get(compute, on);
  await ensureGuestAsRows(compute, on, run);
}
