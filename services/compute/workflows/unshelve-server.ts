import type { GuestState } from '#shared/contracts/compute-agent.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import { attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { rowOfGuest } from '../servers/states.ts';
import { getOwnedServer, type RootSource, releaseServer, type Server, updateOwnedServer } from '../servers/store.ts';
import { chooseHost, claimResources, releaseResources } from './build-server.ts';
import { acquireGuestLock, ensureGuest, ensureGuestGone, faultOf, type OnServer, owned } from './guest.ts';
import { addressesOf, plugPorts, savePorts, unbindPorts } from './ports.ts';
import { endShelvedImage } from './shelve-server.ts';
import { completeVolume, moveVolumes } from './volumes.ts';

interface UnshelveParams extends OnServer {
  readonly shelvedImageId: string | null;
}

/** From SHELVED_OFFLOADED to ACTIVE on a host of its own; on failure shelved as before. */
export const unshelveServer = workflow<UnshelveParams, Compute>({
  name: 'unshelve-server',
  deadlineMs: 60 * 60_000,
  steps: [
    step('choose-host', chooseHost),
    step('claim-resources', claimResources, releaseResources),
    step('plug-ports', plugNics, unplugNics),
    step('move-volumes', connectVolumes),
    step('boot-guest', bootGuest, destroyGuest),
  ],
  done: async (tx, on, run) => {
    const { machine } = run.result<GuestState>('boot-guest');
    const { shelvedImageId } = on;
    const rootSource = sourceOf(on, run);
    const source = rootSource === null ? {} : { rootSource };
    const now = { ...rowOfGuest.on, machine, bootMark: run.taskId, bootKind: 'hard', launchedAt: Date.now() } as const;
    await releaseServer(tx, owned(on, run), { ...now, ...source, shelvedImageId: null, fault: null });
    await endShelvedImage(tx, shelvedImageId, run.requestId);
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    const nowhere = { host: null, zone: null, powerState: null } as const;
    await releaseServer(tx, owned(on, run), { ...nowhere, fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

/** The root disk is made from the image that the server was shelved as. */
const sourceOf = ({ shelvedImageId }: UnshelveParams, { taskId }: Run): RootSource | null =>
  shelvedImageId === null ? null : { imageId: shelvedImageId, format: 'qcow2', generation: taskId };

const asUnshelved = (server: Server, on: UnshelveParams, run: Run): Server => ({
  ...server,
  rootSource: sourceOf(on, run) ?? server.rootSource,
  launchedAt: null, // its first boot there downloads the image
});

async function plugNics(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  const plugged = await plugPorts(compute, await getOwnedServer(compute.db, owned(on, run)), run);
  await run.commit(async (tx) => {
    await savePorts(tx, plugged);
    await updateOwnedServer(tx, owned(on, run), { ...addressesOf(plugged), taskState: 'spawning' });
  });
}

async function unplugNics(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  await unbindPorts(compute, await getOwnedServer(compute.db, owned(on, run)));
}

async function connectVolumes(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  const { host } = await getOwnedServer(compute.db, owned(on, run));
  await moveVolumes(compute, on.serverId, host ?? '', run);
}

async function bootGuest(compute: Compute, on: UnshelveParams, run: Run): Promise<GuestState> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = asUnshelved(await getOwnedServer(compute.db, owned(on, run)), on, run);
  const boot = { mark: run.taskId, kind: 'hard' } as const;
  const guest = await ensureGuest(compute, server, run, { power: 'on', boot });
  for (const attachment of await attachmentTable.list(compute.db, on.serverId))
    await completeVolume(compute, attachment);
  return guest;
}

async function destroyGuest(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  await ensureGuestGone(compute, await getOwnedServer(compute.db, owned(on, run)), run);
}

/** From SHELVED, on the host where its disk still is. */
export const startShelvedServer = workflow<UnshelveParams, Compute>({
  name: 'start-shelved-server',
  deadlineMs: 10 * 60_000,
  steps: [step('power-on', powerOn, powerOff)],
  done: async (tx, on, run) => {
    await releaseServer(tx, owned(on, run), { ...rowOfGuest.on, shelvedImageId: null, fault: null });
    await endShelvedImage(tx, on.shelvedImageId, run.requestId);
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

async function powerOn(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  await ensureGuest(compute, await getOwnedServer(compute.db, owned(on, run)), run, { power: 'on' });
}

async function powerOff(compute: Compute, on: UnshelveParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const server = await getOwnedServer(compute.db, owned(on, run));
  await ignoreHostAway(ensureGuest(compute, server, run, { power: 'off' }));
}
