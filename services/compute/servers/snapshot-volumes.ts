/** An image of a server that boots from a volume: it has no bytes, and names snapshots of the server's volumes. */
import type { Caller } from '#shared/auth/caller.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { type Attachment, attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { beginAction } from '../instance-actions/store.ts';
import type { DiskMapping } from './input.ts';
import type { Server } from './store.ts';

interface ImageInput {
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const allowed: readonly string[] = ['active', 'stopped', 'paused', 'suspended'];

/** The snapshots are made with the caller's token. A refusal removes those that were made. Returns the id of the image. */
export async function snapshotVolumes(
  compute: Compute,
  caller: Caller,
  server: Server,
  { name, metadata }: ImageInput,
): Promise<string> {
  const { db, images, volumes } = compute;
  const { id: serverId, vmState, taskState, host } = server;
  if (!allowed.includes(vmState) || taskState !== null)
    throw conflict(
      `Cannot 'createImage' instance ${serverId} while it is in ${taskState === null ? `vm_state ${vmState}` : `task_state ${taskState}`}`,
    );
  const disks = await attachmentTable.list(db, serverId);
  const made: string[] = [];
  try {
    const mappings: DiskMapping[] = [];
    for (const disk of disks) {
      if (disk.volumeId === null) continue;
      const { id } = await volumes.createSnapshot(snapshotOf(disk, name), caller.token);
      made.push(id);
      mappings.push(mappingOf(disk, id));
    }
    const image = await images.create(
      await imageOf(compute, server, disks, { name, metadata: metadata ?? {} }, mappings),
      caller.token,
    );
    await db.transaction((tx) =>
      beginAction(tx, caller, { serverId, action: 'createImage', host, finishedAt: Date.now(), result: 'Success' }),
    );
    await images.uploadNothing(image.id);
    return image.id;
  } catch (error) {
    for (const id of made) await volumes.removeSnapshot(id).catch(onlyFault);
    throw error;
  }
}

const onlyFault = (error: unknown) => {
  if (!(error instanceof Fault)) throw error;
};

const snapshotOf = ({ volumeId }: Attachment, name: string) => ({
  volume_id: volumeId,
  name: `snapshot for ${name}`,
  description: '',
  force: true,
});

const mappingOf = (disk: Attachment, snapshotId: string): DiskMapping & Readonly<Record<string, unknown>> => ({
  source_type: 'snapshot',
  destination_type: 'volume',
  snapshot_id: snapshotId,
  volume_id: null,
  image_id: null,
  volume_size: disk.sizeGb,
  boot_index: disk.bootIndex,
  delete_on_termination: disk.deleteOnTermination,
  device_name: disk.device,
  device_type: disk.cdrom ? 'cdrom' : 'disk',
  disk_bus: disk.bus,
  guest_format: null,
  no_device: null,
  ...(disk.tag === null ? {} : { tag: disk.tag }),
});

/** Properties that describe the bytes of the volume's image, not its hardware. */
const ofBytes = [
  'image_id',
  'image_name',
  'checksum',
  'size',
  'min_disk',
  'min_ram',
  'disk_format',
  'container_format',
];

async function imageOf(
  { volumes }: Compute,
  { id, rootDevice }: Server,
  disks: readonly Attachment[],
  { name, metadata }: Required<ImageInput>,
  mappings: readonly DiskMapping[],
) {
  const root = disks.find(({ bootIndex }) => bootIndex === 0);
  const { volume_image_metadata: of = {} } = root?.volumeId ? await volumes.show(root.volumeId) : {};
  const properties = Object.fromEntries(Object.entries(of).filter(([key]) => !ofBytes.includes(key)));
  return {
    ...properties,
    ...metadata,
    name,
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'private',
    min_disk: root?.sizeGb ?? 0,
    instance_uuid: id,
    bdm_v2: 'True',
    block_device_mapping: JSON.stringify(mappings),
    root_device_name: rootDevice ?? '/dev/vda',
  };
}
