import { propertiesOf } from '#shared/clients/image.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Attachment } from '../attachments/store.ts';
import type { Flavor } from '../flavors/resource.ts';
import { isTrue } from '../values.ts';
import { cdromBusOf, type DiskBus, diskBusOf } from '../workflows/image-requirements.ts';
import { invalid, requestedImage, resolvers } from './disk-sources.ts';
import type { DiskMapping } from './input.ts';
import type { References } from './references.ts';
import type { ImageCopy } from './store.ts';

/** A requested disk, except those of image and flavor. */
export type RequestedDisk = Pick<
  Attachment,
  | 'destination'
  | 'source'
  | 'sourceId'
  | 'volumeId'
  | 'volumeType'
  | 'bootIndex'
  | 'bus'
  | 'cdrom'
  | 'sizeGb'
  | 'deleteOnTermination'
  | 'tag'
>;

export interface RequestedDisks {
  /** The image of the root disk; null for one that boots from a volume. */
  readonly image: ImageCopy | null;
  readonly disks: readonly RequestedDisk[];
}

interface DisksInput {
  readonly imageRef: string | undefined;
  readonly mappings: readonly DiskMapping[];
  readonly flavor: Flavor;
  /** From 2.60 on multiattach volumes are allowed. */
  readonly multiattach: boolean;
}

const notBootable = 'Boot sequence for the instance and image/block device mapping combination is not valid.';

export async function requestedDisks(of: References, sent: DisksInput): Promise<RequestedDisks> {
  const input = await withImageMappings(of, sent);
  const { imageRef, mappings, flavor } = input;
  const roots = mappings.filter(({ boot_index }) => Number(boot_index ?? -1) === 0 && boot_index !== null);
  if (roots.length > 1) throw invalid(notBootable);
  const [root] = roots;
  const isLocalRoot = root?.source_type === 'image' && (root.destination_type ?? 'local') === 'local';
  const others = mappings.filter((mapping) => !(isLocalRoot && mapping === root));
  const resolved = await Promise.all(others.map((mapping) => requestedDisk(of, mapping, input)));
  checkDuplicates(resolved);
  checkLocal(resolved, flavor);
  const bootsFromVolume = root !== undefined && !isLocalRoot;
  const imageId = bootsFromVolume ? undefined : imageRef || (isLocalRoot ? (root?.uuid ?? undefined) : undefined);
  if (imageId === undefined && !bootsFromVolume) throw invalid(notBootable);
  const image = imageId === undefined ? null : await requestedImage(of, imageId, flavor);
  const properties = image?.properties ?? resolved.find(({ bootIndex }) => bootIndex === 0)?.properties ?? {};
  return { image, disks: resolved.map((disk) => withBus(disk, properties)) };
}

/** An image may name snapshots instead of having bytes: its mappings stand for it, those of the request go first. */
async function withImageMappings(of: References, input: DisksInput): Promise<DisksInput> {
  const { imageRef, mappings } = input;
  if (!imageRef || mappings.some(({ boot_index }) => String(boot_index) === '0')) return input;
  const { block_device_mapping: text } = propertiesOf(await of.image(imageRef));
  if (text === undefined) return input;
  return { ...input, imageRef: undefined, mappings: [...mappings, ...mappingsOf(imageRef, text)] };
}

function mappingsOf(imageId: string, text: string): DiskMapping[] {
  try {
    const rows = JSON.parse(text) as readonly (DiskMapping & Readonly<Record<string, string | null>>)[];
    return rows.map(({ source_type, destination_type, snapshot_id, volume_id, image_id, ...row }) => ({
      ...(source_type === undefined ? {} : { source_type }),
      ...(destination_type === undefined ? {} : { destination_type }),
      uuid: snapshot_id ?? volume_id ?? image_id ?? null,
      ...Object.fromEntries(Object.entries(row).filter(([key, value]) => kept.includes(key) && value !== null)),
    }));
  } catch {
    throw badRequest(`Image ${imageId} has a block_device_mapping that is not a list of mappings.`);
  }
}
const kept = ['boot_index', 'volume_size', 'delete_on_termination', 'device_type', 'disk_bus', 'tag', 'volume_type'];

type ResolvedDisk = Omit<RequestedDisk, 'bus'> & {
  /** Null when the mapping names none. */
  readonly bus: DiskBus | null;
  /** Image properties of the disk that the server boots from. */
  readonly properties?: Readonly<Record<string, string>>;
};

/** A bus that the mapping does not name is that of the image. */
function withBus({ properties: _, bus, ...disk }: ResolvedDisk, properties: ResolvedDisk['properties'] = {}) {
  return { ...disk, bus: bus ?? (disk.cdrom ? cdromBusOf(properties) : diskBusOf(properties)) };
}

function checkDuplicates(disks: readonly ResolvedDisk[]): void {
  const ids = disks.flatMap(({ volumeId }) => volumeId ?? []);
  const duplicate = ids.find((id, at) => ids.indexOf(id) !== at);
  if (duplicate !== undefined) throw invalid(`volume ${duplicate} is requested twice.`);
}

/** Local blank disks are part of the flavor's ephemeral size, as in Nova: that is what placement counts. */
const maxLocalDisks = 3;
function checkLocal(disks: readonly ResolvedDisk[], flavor: Flavor): void {
  const local = disks.filter(({ destination }) => destination === 'local');
  if (local.length > maxLocalDisks)
    throw invalid(`You specified more local devices than the limit allows (${maxLocalDisks}).`);
  const sum = local.reduce((total, { sizeGb }) => total + sizeGb, 0);
  if (sum > flavor.ephemeralGb)
    throw invalid(
      'Ephemeral disks requested are larger than the instance type allows. If no size is given in one block device mapping, flavor ephemeral size will be used.',
    );
}

/** Refuses unsupported values by name; they are never ignored. */
function checkKind({ device_type: type, guest_format: format, disk_bus: bus }: DiskMapping): void {
  if (type && type !== 'disk' && type !== 'cdrom')
    throw invalid(`device_type ${type} is not supported, only disk and cdrom.`);
  if (format && format !== 'none') throw invalid(`guest_format ${format} is not supported.`);
  const buses = type === 'cdrom' ? ['sata', 'scsi'] : ['virtio', 'scsi'];
  if (bus && !buses.includes(bus))
    throw invalid(`disk_bus ${bus} is not supported for a ${type ?? 'disk'}, only ${buses.join(' and ')}.`);
}

function checkSource(mapping: DiskMapping): NonNullable<DiskMapping['source_type']> {
  const { source_type: source, destination_type: destination, uuid, volume_type: type, device_type: kind } = mapping;
  if (source === undefined) throw invalid('Invalid source_type field.');
  if (source === 'blank' && uuid) throw invalid('Invalid device UUID.');
  if (source === 'blank' && kind === 'cdrom') throw invalid('a blank cdrom is not supported.');
  if (source !== 'blank' && !uuid) throw invalid('Missing device UUID.');
  if (destination === 'local' && type)
    throw invalid('Specifying a volume_type with destination_type=local is not supported.');
  return source;
}

/** A CD-ROM on SATA has the bus `virtio`. */
function requestedBus({ disk_bus: bus }: DiskMapping): DiskBus | null {
  if (!bus) return null;
  return bus === 'scsi' ? 'scsi' : 'virtio';
}

async function requestedDisk(of: References, mapping: DiskMapping, input: DisksInput): Promise<ResolvedDisk> {
  const source = checkSource(mapping);
  checkKind(mapping);
  const { uuid, boot_index, tag = null, volume_type } = mapping;
  const destination = mapping.destination_type ?? (source === 'image' || source === 'blank' ? 'local' : 'volume');
  if (source !== 'blank' && destination === 'local')
    throw invalid(source === 'image' ? 'Mapping image to local is not supported.' : `a ${source} is no local disk.`);
  const base = {
    source,
    destination,
    sourceId: uuid ?? null,
    volumeId: null,
    volumeType: volume_type ? await of.volumeType(volume_type) : null,
    bootIndex:
      boot_index === undefined || boot_index === null || !(Number(boot_index) >= 0) ? null : Number(boot_index),
    bus: requestedBus(mapping),
    cdrom: mapping.device_type === 'cdrom',
    deleteOnTermination: isTrue(mapping.delete_on_termination ?? false),
    tag,
  };
  return { ...base, ...(await resolvers[source](of, uuid ?? '', { mapping, input, destination, base })) };
}
