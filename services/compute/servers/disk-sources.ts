/** Checks the sources of disks: visible to the caller, and large enough. */

import { type Image, propertiesOf } from '#shared/clients/image.ts';
import type { VolumeJson } from '#shared/clients/volume.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Flavor } from '../flavors/resource.ts';
import { checkImageRequirements, hasGuestAgent } from '../workflows/image-requirements.ts';
import type { DiskMapping } from './input.ts';
import type { References } from './references.ts';
import type { ImageCopy } from './store.ts';

export const invalid = (why: string) => badRequest(`Block Device Mapping is Invalid: ${why}`);

const gib = 1024 ** 3;
const roundUpToGb = (bytes: number) => Math.max(1, Math.ceil(bytes / gib));
const minGbOf = (image: Image) =>
  Math.max(image.min_disk, roundUpToGb(Math.max(image.virtual_size ?? 0, image.size ?? 0)));

type FlavorSize = Pick<Flavor, 'ramMb' | 'diskGb'>;

/** The image of a local root disk. */
export async function requestedImage(of: References, id: string, flavor: FlavorSize): Promise<ImageCopy> {
  const image = await of.image(id);
  if (flavor.ramMb < image.min_ram) throw badRequest("Flavor's memory is too small for requested image.");
  const sizeGb = roundUpToGb(Math.max(image.virtual_size ?? 0, image.size ?? 0));
  const minGb = minGbOf(image);
  if (flavor.diskGb > 0 && flavor.diskGb < minGb)
    throw badRequest(
      `Flavor's disk is too small for requested image. Flavor disk is ${flavor.diskGb * gib} bytes, minimum is ${minGb * gib} bytes.`,
    );
  const properties = propertiesOf(image);
  checkImageRequirements(`Image ${id}`, properties);
  return {
    id,
    format: image.disk_format ?? 'raw',
    sizeGb,
    minDiskGb: image.min_disk,
    minRamMb: image.min_ram,
    properties,
  };
}

interface DisksInput {
  readonly imageRef: string | undefined;
  readonly flavor: Flavor;
  /** From 2.60 on multiattach volumes are allowed. */
  readonly multiattach: boolean;
}

interface DiskRequest {
  readonly mapping: DiskMapping;
  readonly input: DisksInput;
  readonly destination: 'local' | 'volume';
  readonly base: { readonly bootIndex: number | null };
}
interface ResolvedSource {
  readonly sizeGb: number;
  readonly volumeId?: string;
  /** Image properties, of a disk that the server boots from. */
  readonly properties?: Readonly<Record<string, string>>;
}
type SizeResolver = (of: References, id: string, given: DiskRequest) => Promise<ResolvedSource>;

const requestedSizeGb = ({ volume_size: size }: DiskMapping) =>
  size === undefined || size === null ? undefined : Number(size);

/** Resolves the size of a disk, by the type of its source. Checks that the caller sees the source. */
export const resolvers: Readonly<Record<NonNullable<DiskMapping['source_type']>, SizeResolver>> = {
  blank: async (_of, _id, { mapping, input, destination }) => {
    const size = requestedSizeGb(mapping) ?? (destination === 'local' ? input.flavor.ephemeralGb : 0);
    if (size > 0) return { sizeGb: size };
    if (destination === 'volume')
      throw invalid("Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size");
    throw invalid('Ephemeral disks requested are larger than the instance type allows: the flavor has none.');
  },
  volume: async (of, id, { base, input }) => {
    const volume = await of.volume(id, () => invalid(`failed to get volume ${id}.`));
    checkVolume(volume, input, base.bootIndex);
    return { volumeId: id, sizeGb: volume.size, properties: volume.volume_image_metadata ?? {} };
  },
  snapshot: async (of, id, { mapping }) => {
    const snapshot = await of.snapshot(id, () => invalid(`failed to get snapshot ${id}.`));
    if (snapshot.status !== 'available')
      throw invalid(`snapshot ${id} is in status ${snapshot.status}, it must be available.`);
    const size = requestedSizeGb(mapping) ?? snapshot.size;
    if (size < snapshot.size)
      throw invalid(`a volume of ${size} GB is smaller than snapshot ${id}, which has ${snapshot.size} GB.`);
    return { sizeGb: size };
  },
  image: async (of, id, { mapping, base }) => {
    const image = await of.image(id);
    const size = requestedSizeGb(mapping);
    if (size === undefined)
      throw invalid("Images with destination_type 'volume' need to have a non-zero size specified");
    const minGb = minGbOf(image);
    if (size < minGb)
      throw badRequest(
        `Volume is too small for requested image. Volume size is ${size * gib} bytes, minimum is ${minGb * gib} bytes.`,
      );
    const properties = propertiesOf(image);
    if (base.bootIndex === 0) checkImageRequirements(`Image ${id}`, properties);
    return { sizeGb: size, properties };
  },
};

function checkVolume(volume: VolumeJson, { imageRef, multiattach }: DisksInput, bootIndex: number | null): void {
  const { id, status } = volume;
  if (volume.multiattach === true && !multiattach) throw multiattachTooOld();
  const isShared = volume.multiattach === true && status === 'in-use';
  if (status !== 'available' && !isShared) throw invalid(`volume ${id} is in status ${status}, it must be available.`);
  if (bootIndex !== 0) return;
  if (volume.bootable !== 'true' && !imageRef) throw badRequest(`Block Device ${id} is not bootable.`);
  const properties = volume.volume_image_metadata ?? {};
  checkImageRequirements(`Volume ${id}`, properties);
  if (hasGuestAgent(properties))
    throw badRequest(
      `Volume ${id} asks for hw_qemu_guest_agent, which only a server that boots from an image can have.`,
    );
}

export const multiattachTooOld = () =>
  badRequest('Multiattach volumes are only supported starting with compute API version 2.60.');
