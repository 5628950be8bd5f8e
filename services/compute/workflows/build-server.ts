import type { Knex } from 'knex';
import type { GuestState } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { type Explanation, insertSchedulingDecision } from '../scheduling-decisions/store.ts';
import { getOwnedServer, releaseServer, type Server, updateOwnedServer } from '../servers/store.ts';
import { stillAllows } from './group-policy.ts';
import { acquireGuestLock, ensureGuest, ensureGuestGone, faultOf, type OnServer, owned } from './guest.ts';
import { NoValidHost, type RankedHosts, rankHosts, resourcesOf } from './placing.ts';
import { addressesOf, plugPorts, savePorts, unplugPorts } from './ports.ts';
import { completeVolume, connectVolume, disconnectVolumes } from './volumes.ts';

interface BuildParams extends OnServer {
  /** For the guest's config drive; sealed, since task parameters are stored in rows. */
  readonly adminPass: string;
}

/** From BUILD to ACTIVE; on failure releases all resources, and ERROR. */
export const buildServer = workflow<BuildParams, Compute>({
  name: 'build-server',
  deadlineMs: 60 * 60_000,
  steps: [
    step('choose-host', chooseHost),
    step('claim-resources', claimResources, releaseResources),
    step('plug-ports', plugNics, unplugNics),
    step('attach-volumes', attachVolumes, detachVolumes),
    step('boot-guest', bootGuest, destroyGuest),
  ],
  done: becomeActive,
  failed: becomeError,
});

export async function chooseHost(compute: Compute, on: OnServer, run: Run): Promise<RankedHosts> {
  const server = await getOwnedServer(compute.db, owned(on, run));
  return rankHosts(compute, server).catch(async (error: unknown) => {
    if (error instanceof NoValidHost)
      await run.commit((tx) => insertSchedulingDecision(tx, server.id, error.explanation));
    throw error;
  });
}

/** Saves the host before any work on it, so that a concurrent delete knows the host. */
export async function claimResources(compute: Compute, on: OnServer, run: Run): Promise<void> {
  const server = await getOwnedServer(compute.db, owned(on, run));
  const { explanation, providers, zones } = run.result<RankedHosts>('choose-host');
  const resources = resourcesOf(server);
  for (const host of explanation.ranked) {
    const claim = {
      consumerId: server.id,
      providerId: providers[host] ?? '',
      resources,
      projectId: server.projectId,
      userId: server.userId,
    };
    if (!(await compute.placement.allocate(claim))) continue;
    const zone = zones[host] ?? null;
    const chosen: Explanation = { ...explanation, chosen: host };
    const taken = await run.commit(async (tx) => {
      if (!(await stillAllows(tx, server, host))) return false;
      await insertSchedulingDecision(tx, server.id, chosen);
      await updateOwnedServer(tx, owned(on, run), { host, zone, taskState: 'networking' });
      return true;
    });
    if (taken) return;
    await compute.placement.deallocate(server.id);
  }
  throw new NoValidHost(explanation);
}

export async function releaseResources({ placement }: Compute, { serverId }: OnServer): Promise<void> {
  await placement.deallocate(serverId);
}

async function plugNics(compute: Compute, on: BuildParams, run: Run): Promise<void> {
  const server = await getOwnedServer(compute.db, owned(on, run));
  const plugged = await plugPorts(compute, server, run);
  const shown = addressesOf(plugged);
  const hasDisks = (await attachmentTable.list(compute.db, server.id)).length > 0;
  await run.commit(async (tx) => {
    await savePorts(tx, plugged);
    const taskState = hasDisks ? 'block_device_mapping' : 'spawning';
    await updateOwnedServer(tx, owned(on, run), { ...shown, taskState });
  });
}

async function unplugNics(compute: Compute, on: BuildParams, run: Run): Promise<void> {
  await unplugPorts(compute, await getOwnedServer(compute.db, owned(on, run)));
  const nics = await interfaceTable.list(compute.db, on.serverId);
  await run.commit(async (tx) => {
    for (const nic of nics)
      await interfaceTable.change(tx, nic.id, nic.ownPort ? { portId: null, port: null } : { port: null });
    await updateOwnedServer(tx, owned(on, run), { addresses: {}, groups: [] });
  });
}

async function attachVolumes(compute: Compute, on: BuildParams, run: Run): Promise<void> {
  const attachments = await attachmentTable.list(compute.db, on.serverId);
  if (attachments.length === 0) return;
  const server = await getOwnedServer(compute.db, owned(on, run));
  for (const attachment of attachments) await connectVolume(compute, server, attachment, run);
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'spawning' }));
}

/** Deletes volumes that were created for this server; others are only detached. */
async function detachVolumes(compute: Compute, on: BuildParams, run: Run): Promise<void> {
  const server = await getOwnedServer(compute.db, owned(on, run));
  await disconnectVolumes(compute, server, ({ created, volumeId }) => created || volumeId === null, run);
  const rows = await attachmentTable.list(compute.db, server.id);
  await run.commit(async (tx) => {
    for (const row of rows) await attachmentTable.change(tx, row.id, resetAttachment(row));
  });
}

const resetAttachment = ({ created }: Attachment) => ({
  attachmentId: null,
  connection: null,
  ...(created ? { volumeId: null, created: false } : {}),
});

async function bootGuest(compute: Compute, on: BuildParams, run: Run): Promise<GuestState> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  const guest = await ensureGuest(compute, server, run, { power: 'on', adminPass: compute.seal.open(on.adminPass) });
  if (guest.power === 'crashed')
    throw new Fault(500, 'unexpected', 'The guest did not start.', {
      details: `The guest crashed on host ${server.host}.`,
    });
  for (const attachment of await attachmentTable.list(compute.db, on.serverId))
    await completeVolume(compute, attachment);
  return guest;
}

const rootDisk = ({ imageId }: Server, attachments: readonly Attachment[]) =>
  imageId !== null ? 'root' : (attachments.find(({ bootIndex }) => bootIndex === 0)?.volumeId ?? '');

async function destroyGuest(compute: Compute, on: BuildParams, run: Run): Promise<void> {
  await ensureGuestGone(compute, await getOwnedServer(compute.db, owned(on, run)), run);
}

async function becomeActive(tx: Knex, on: BuildParams, run: Run): Promise<void> {
  const { machine, devices } = run.result<GuestState>('boot-guest');
  const server = await getOwnedServer(tx, owned(on, run));
  const attachments = await attachmentTable.list(tx, on.serverId);
  await releaseServer(tx, owned(on, run), {
    vmState: 'active',
    powerState: 'running',
    launchedAt: Date.now(),
    fault: null,
    machine,
    rootDevice: `/dev/${devices[rootDisk(server, attachments)] ?? 'vda'}`,
  });
  for (const { id, volumeId, device } of attachments) {
    const named = volumeId === null ? undefined : devices[volumeId];
    const deviceName = named === undefined ? device : `/dev/${named}`;
    await attachmentTable.change(tx, id, { state: 'attached', taskId: null, device: deviceName });
  }
  for (const { id } of await interfaceTable.list(tx, on.serverId))
    await interfaceTable.change(tx, id, { state: 'attached', taskId: null });
  await endAction(tx, run);
}

/** All resources are released, so the server has no host. */
async function becomeError(tx: Knex, on: BuildParams, run: Run, reason: string): Promise<void> {
  const fault = faultOf(run, reason);
  await releaseServer(tx, owned(on, run), { vmState: 'error', host: null, zone: null, powerState: null, fault });
  await endAction(tx, run, reason);
}
