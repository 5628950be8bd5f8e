import { atLeast } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { accepted } from '#shared/http/route.ts';
import { nameSchema, pairsSchema } from '../../attributes.ts';
import type { Compute } from '../../context.ts';
import { type Snapshot, snapshotServer } from '../../workflows/snapshot-server.ts';
import { serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import { snapshotVolumes } from '../snapshot-volumes.ts';
import type { ServerTransition } from '../states.ts';
import type { Server } from '../store.ts';

const backingUp: ServerTransition = {
  name: 'backup',
  from: { vmState: ['active', 'stopped', 'paused', 'suspended'] },
  meanwhile: { taskState: 'image_backup' },
};

const transition: ServerTransition = {
  name: 'createImage',
  from: { vmState: ['active', 'stopped', 'paused', 'suspended'] },
  meanwhile: { taskState: 'image_snapshot_pending' },
};

export interface SnapshotInput {
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** From 2.45 on the id of the image is in the body, before that its URL is in the Location header. */
export const createImage = serverAction<SnapshotInput>({
  key: 'createImage',
  rule: 'servers:create_image',
  input: {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: { name: nameSchema, metadata: pairsSchema },
  },
  whileLocked: true,
  answer: async (compute, { caller, version, base, authorize }, server, input) => {
    if (server.image === null)
      authorize('os_compute_api:servers:create_image:allow_volume_backed', { project_id: server.projectId });
    const imageId =
      server.image === null
        ? await snapshotVolumes(compute, caller, server, input)
        : await snapshot(compute, caller, server, input);
    if (atLeast(version, '2.45')) return accepted({ image_id: imageId });
    return accepted(undefined, { location: `${base}/images/${imageId}` });
  },
});

/** Creates a queued image with the caller's token; the task uploads its data. */
export async function snapshot(
  compute: Compute,
  caller: Caller,
  server: Server,
  input: SnapshotInput,
  backup?: Snapshot['rotation'],
): Promise<string> {
  const { images } = compute;
  const { id: serverId } = server;
  const made = await images.create(newImage(caller, server, input, backup), caller.token);
  const begin = beginTask(compute, caller, server, {
    transitions: [backup ? backingUp : transition],
    workflow: snapshotServer,
    params: () => ({ serverId, imageId: made.id, ...(backup ? { rotation: backup } : {}) }),
    action: backup ? 'createBackup' : 'createImage',
    event: backup ? 'compute_backup_instance' : 'compute_snapshot_instance',
  });
  await begin.catch(async (error: unknown) => {
    await images.remove(made.id);
    throw error;
  });
  return made.id;
}

export function newImage(
  caller: Caller,
  { id, host, image, flavor }: Server,
  { name, metadata }: SnapshotInput,
  backup?: Snapshot['rotation'],
) {
  if (image === null) throw badRequest(`Instance ${id} boots from a volume and has no image.`);
  if (host === null) throw conflict(`Instance ${id} has no host.`);
  return {
    ...image.properties,
    ...metadata,
    name,
    disk_format: 'qcow2',
    container_format: 'bare',
    visibility: 'private',
    min_ram: image.minRamMb,
    min_disk: Math.max(image.minDiskGb, flavor.diskGb),
    image_type: metadata?.image_type ?? 'snapshot',
    ...(backup ? { image_type: 'backup', backup_type: backup.type } : {}),
    instance_uuid: id,
    base_image_ref: image.id,
    user_id: caller.userId,
  };
}
