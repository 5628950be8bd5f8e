import type { Who } from '#shared/auth/who.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { whyNoDisk } from '#shared/images/formats.ts';
import type { Attachment } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import type { Image } from '../drivers/neighbours.ts';
import type { Flavor } from '../flavors/store.ts';
import type { ImageCopy } from './store.ts';
import { type DiskMapping, isTrue } from './wish.ts';

/** A disk to be, beside those that image and flavor give. */
export type WishedDisk = Pick<
  Attachment,
  | 'destination'
  | 'source'
  | 'sourceId'
  | 'volumeId'
  | 'volumeType'
  | 'bootIndex'
  | 'bus'
  | 'sizeGb'
  | 'deleteOnTermination'
  | 'tag'
>;

export interface WishedDisks {
  /** The image of the root disk; null for one that boots from a volume. */
  readonly image: ImageCopy | null;
  readonly disks: readonly WishedDisk[];
}

interface Asked {
  readonly imageRef: string | undefined;
  readonly mappings: readonly DiskMapping[];
  readonly flavor: Flavor;
}

const invalid = (why: string) => badRequest(`Block Device Mapping is Invalid: ${why}`);

export async function wishedDisks(
  compute: Compute,
  who: Who,
  { imageRef, mappings, flavor }: Asked,
): Promise<WishedDisks> {
  const roots = mappings.filter(({ boot_index }) => Number(boot_index ?? -1) === 0 && boot_index !== null);
  if (roots.length > 1)
    throw invalid('Boot sequence for the instance and image/block device mapping combination is not valid.');
  const [root] = roots;
  const isLocalRoot = root?.source_type === 'image' && (root.destination_type ?? 'local') === 'local';
  const others = mappings.filter((mapping) => !(isLocalRoot && mapping === root));
  const disks = await Promise.all(others.map((mapping) => wishedDisk(compute, who, mapping)));
  const bootsFromVolume = root !== undefined && !isLocalRoot;
  const imageId = bootsFromVolume ? undefined : imageRef || (isLocalRoot ? root?.uuid : undefined);
  if (imageId === undefined && !bootsFromVolume)
    throw invalid('Boot sequence for the instance and image/block device mapping combination is not valid.');
  const image = imageId === undefined ? null : await wishedImage(compute, who, imageId, flavor);
  return { image, disks };
}

async function findImage({ images }: Compute, who: Who, id: string): Promise<Image> {
  return images.show(id, who.token).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`Image ${id} could not be found.`);
    throw error;
  });
}

/** With bytes that were inspected, and that can become a disk. */
async function findUsableImage(compute: Compute, who: Who, id: string): Promise<Image> {
  const image = await findImage(compute, who, id);
  const reason = whyNoDisk(image);
  if (reason !== undefined) throw badRequest(reason);
  return image;
}

const gib = 1024 ** 3;
const gigabytes = (bytes: number) => Math.max(1, Math.ceil(bytes / gib));

async function wishedImage(compute: Compute, who: Who, id: string, flavor: Flavor): Promise<ImageCopy> {
  const image = await findUsableImage(compute, who, id);
  if (image.status !== 'active') throw badRequest(`Image ${id} is not active.`);
  if (flavor.ramMb < image.min_ram) throw badRequest("Flavor's memory is too small for requested image.");
  const sizeGb = gigabytes(Math.max(image.virtual_size ?? 0, image.size ?? 0));
  const leastGb = Math.max(image.min_disk, sizeGb);
  if (flavor.diskGb > 0 && flavor.diskGb < leastGb)
    throw badRequest(
      `Flavor's disk is too small for requested image. Flavor disk is ${flavor.diskGb * gib} bytes, minimum is ${leastGb * gib} bytes.`,
    );
  return {
    id,
    format: image.disk_format ?? 'raw',
    sizeGb,
    minDiskGb: image.min_disk,
    minRamMb: image.min_ram,
    properties: propertiesOf(image),
  };
}

const standard = new Set(
  'id name status disk_format container_format size virtual_size checksum min_disk min_ram owner visibility created_at updated_at protected tags self file schema os_hash_algo os_hash_value os_hidden locations direct_url stores'.split(
    ' ',
  ),
);

/** What somebody wrote on the image, beside what every image has. */
const propertiesOf = (image: Image): Record<string, string> =>
  Object.fromEntries(
    Object.entries(image)
      .filter(([name, value]) => !standard.has(name) && typeof value === 'string')
      .map(([name, value]) => [name, String(value)]),
  );

/** What a guest here cannot have is refused by name, never left out in silence. */
function checkKind({ device_type: type, guest_format: format, disk_bus: bus }: DiskMapping): void {
  if (type && type !== 'disk') throw invalid(`a ${type} is not had here, only disks.`);
  if (format && format !== 'none') throw invalid(`a disk is not formatted (${format}) here.`);
  if (bus && bus !== 'virtio' && bus !== 'scsi') throw invalid(`the bus ${bus} is not had here, only virtio and scsi.`);
}

async function wishedDisk(compute: Compute, who: Who, mapping: DiskMapping): Promise<WishedDisk> {
  checkKind(mapping);
  const { source_type: source, uuid, volume_size, boot_index, tag = null, volume_type = null } = mapping;
  const destination = mapping.destination_type ?? (source === 'image' || source === 'blank' ? 'local' : 'volume');
  const base = {
    source,
    destination,
    sourceId: uuid ?? null,
    volumeId: null,
    volumeType: volume_type,
    bootIndex: boot_index === undefined || boot_index === null || Number(boot_index) < 0 ? null : Number(boot_index),
    bus: mapping.disk_bus === 'scsi' ? ('scsi' as const) : ('virtio' as const),
    deleteOnTermination: isTrue(mapping.delete_on_termination ?? false),
    tag,
  };
  const asked = volume_size === undefined ? undefined : Number(volume_size);
  if (source === 'blank') {
    if (asked === undefined) throw invalid('Blank volumes (source: blank, dest: volume) need to have non-zero size');
    return { ...base, sizeGb: asked };
  }
  if (uuid === undefined) throw invalid(`a ${source} needs its 'uuid'.`);
  if (destination === 'local') throw invalid('Mapping image to local is not supported.');
  if (source === 'volume')
    return { ...base, volumeId: uuid, sizeGb: (await wishedVolume(compute, who, uuid, base.bootIndex)).size };
  if (source === 'snapshot') {
    const snapshot = await missingIs(compute.volumes.showSnapshot(uuid, who.token), `failed to get snapshot ${uuid}.`);
    return { ...base, sizeGb: asked ?? snapshot.size };
  }
  const image = await findUsableImage(compute, who, uuid);
  if (asked === undefined)
    throw invalid("Images with destination_type 'volume' need to have a non-zero size specified");
  return { ...base, sizeGb: Math.max(asked, image.min_disk) };
}

async function missingIs<T>(looking: Promise<T>, why: string): Promise<T> {
  return looking.catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw invalid(why);
    throw error;
  });
}

async function wishedVolume({ volumes }: Compute, who: Who, id: string, bootIndex: number | null) {
  const volume = await missingIs(volumes.show(id, who.token), `failed to get volume ${id}.`);
  const isShared = volume.multiattach === true && volume.status === 'in-use';
  if (volume.status !== 'available' && !isShared)
    throw invalid(`volume ${id} is in status ${volume.status}, it must be available.`);
  if (bootIndex === 0 && volume.bootable !== 'true') throw badRequest(`Block Device ${id} is not bootable.`);
  return volume;
}
