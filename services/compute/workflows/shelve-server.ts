import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../servers/store.ts';
import { acquireGuestLock, ensureGuest, ensureGuestGone, faultOf, type OnServer, owned } from './guest.ts';
import { unbindPorts } from './ports.ts';
import type { PowerChange } from './power.ts';
import { uploadRoot } from './snapshot-server.ts';

interface ShelveParams extends PowerChange {
  /** The queued image that the request created; null for a server that boots from a volume. */
  readonly imageId: string | null;
  /** Frees the host as soon as the server is shelved. */
  readonly offloads: boolean;
}

const deadlineMs = 60 * 60_000;

/** Powers the guest off and copies its root disk to an image; on failure as it was. */
export const shelveServer = workflow<ShelveParams, Compute>({
  name: 'shelve-server',
  deadlineMs,
  steps: [step('power-off', powerOff, powerAgain), step('upload', upload, removeImage)],
  done: async (tx, on, run) => {
    const shelved = { vmState: 'shelved', powerState: 'shutdown', shelvedImageId: on.imageId } as const;
    if (!on.offloads) {
      await releaseServer(tx, owned(on, run), shelved);
      return endAction(tx, run);
    }
    await endAction(tx, run);
    const taskId = await enqueue(tx, offloadServer, { serverId: on.serverId }, run.requestId);
    await updateOwnedServer(tx, owned(on, run), { ...shelved, taskId, taskState: 'shelving_offloading' });
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

async function powerOff(compute: Compute, on: ShelveParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  await ensureGuest(compute, await getOwnedServer(compute.db, owned(on, run)), run, { power: 'off' });
}

async function powerAgain(compute: Compute, on: ShelveParams, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const power = on.power === 'suspended' ? 'off' : on.power;
  await ignoreHostAway(ensureGuest(compute, await getOwnedServer(compute.db, owned(on, run)), run, { power }));
}

async function upload(compute: Compute, on: ShelveParams, run: Run): Promise<void> {
  if (on.imageId === null) return;
  await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'shelving_image_uploading' }));
  await uploadRoot(compute, { serverId: on.serverId, imageId: on.imageId }, run);
}

async function removeImage({ images }: Compute, { imageId }: ShelveParams): Promise<void> {
  if (imageId !== null) await ignoreHostAway(images.remove(imageId));
}

/** From SHELVED to SHELVED_OFFLOADED: the host is free again. Volumes and ports stay the server's. */
export const offloadServer = workflow<OnServer, Compute>({
  name: 'offload-server',
  deadlineMs,
  steps: [
    step('destroy-guest', destroyGuest),
    step('unbind-ports', async (compute, on, run) =>
      unbindPorts(compute, await getOwnedServer(compute.db, owned(on, run))),
    ),
    step('release-resources', ({ placement }, { serverId }) => placement.deallocate(serverId)),
  ],
  done: async (tx, on, run) => {
    const gone = { host: null, zone: null, powerState: null } as const;
    await releaseServer(tx, owned(on, run), { vmState: 'shelved_offloaded', ...gone });
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), { fault: faultOf(run, reason) });
    await endAction(tx, run, reason);
  },
});

/** A host that is down finds this work when it returns. */
async function destroyGuest(compute: Compute, on: OnServer, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  await ensureGuestGone(compute, await getOwnedServer(compute.db, owned(on, run)), run);
}

/** Removes the image of a server that is not shelved any more. */
export const dropShelvedImage = workflow<{ readonly imageId: string }, Compute>({
  name: 'drop-shelved-image',
  deadlineMs,
  steps: [
    step('remove-image', ({ images }, { imageId }, run) =>
      images.remove(imageId).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        run.log.warn({ imageId, error }, 'could not remove the image of a shelved server');
      }),
    ),
  ],
  done: async () => {},
  failed: async () => {},
});

/** Must run in the transaction in which the server stops being shelved. */
export async function endShelvedImage(tx: Knex, imageId: string | null, requestId: string): Promise<void> {
  if (imageId !== null) await enqueue(tx, dropShelvedImage, { imageId }, requestId);
}
