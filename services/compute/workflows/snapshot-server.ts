import { Fault } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import { getOwnedServer, releaseServer, updateOwnedServer } from '../servers/store.ts';
import { acquireGuestLock, type OnServer, owned, whileHostUp } from './guest.ts';

export interface Snapshot extends OnServer {
  /** The queued image that the request created. */
  readonly imageId: string;
  /** Of a backup: older ones of the type are removed. */
  readonly rotation?: { readonly type: string; readonly keep: number };
}

/** Uploads the root disk to the queued image; on failure removes the image. */
export const snapshotServer = workflow<Snapshot, Compute>({
  name: 'snapshot-server',
  deadlineMs: 60 * 60_000,
  steps: [step('upload', upload, removeImage), step('rotate', rotate)],
  done: async (tx, on, run) => {
    await releaseServer(tx, owned(on, run), {});
    await endAction(tx, run);
  },
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), {});
    await endAction(tx, run, reason);
  },
});

async function upload(compute: Compute, on: Snapshot, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  if (on.rotation === undefined)
    await run.commit((tx) => updateOwnedServer(tx, owned(on, run), { taskState: 'image_uploading' }));
  await uploadRoot(compute, on, run);
}

/** The root disk as it is, to a queued image. */
export async function uploadRoot(compute: Compute, on: Snapshot, run: Run): Promise<void> {
  const { host } = await getOwnedServer(compute.db, owned(on, run));
  const { serverId, imageId } = on;
  const spec = { id: `${serverId}/snapshot`, serverId, imageId, format: 'qcow2' } as const;
  await whileHostUp(compute, host ?? '', compute.copiers.on(host ?? '', run).uploadSnapshot(spec));
  const { status } = await compute.images.show(imageId);
  if (status !== 'active')
    throw new Fault(500, 'unexpected', `Nothing was uploaded: image ${imageId} is ${status}.`, {
      details: `Host ${host} uploaded nothing: image ${imageId} is ${status}.`,
    });
}

/** Removes the oldest backups of the server and the type; what the image service refuses, such as a protected one, stays. */
async function rotate({ images }: Compute, { serverId, rotation }: Snapshot, run: Run): Promise<void> {
  if (rotation === undefined) return;
  const of = { instance_uuid: serverId, image_type: 'backup', backup_type: rotation.type };
  const found = await images.list({ ...of, sort: 'created_at:desc', limit: '1000' });
  for (const { id } of found.slice(rotation.keep))
    await images.remove(id).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      run.log.warn({ imageId: id, error }, 'could not remove an old backup');
    });
}

async function removeImage({ images }: Compute, { imageId }: Snapshot): Promise<void> {
  await ignoreHostAway(images.remove(imageId));
}

/** For a cancelled snapshot: an image whose upload is complete is kept. */
export async function removeUnlessActive({ images }: Compute, imageId: string): Promise<void> {
  const image = await images.show(imageId).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
  });
  if (image && image.status !== 'active') await images.remove(imageId);
}

/** Removes the image of a cancelled snapshot in a task of its own. */
export const dropSnapshot = workflow<{ readonly imageId: string }, Compute>({
  name: 'drop-snapshot',
  deadlineMs: 60 * 60_000,
  steps: [step('remove-image', (compute, { imageId }) => removeUnlessActive(compute, imageId))],
  done: async () => {},
  failed: async () => {},
});
