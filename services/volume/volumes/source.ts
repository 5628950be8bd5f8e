/** Where a new volume's data comes from, checked with the caller's token before a quota or a pool is used. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Image } from '#shared/clients/image.ts';
import type { VolumeSource } from '#shared/contracts/volume-agent.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { diskRefusal } from '#shared/images/formats.ts';
import { getBackup } from '../backups/store.ts';
import type { Volumes } from '../context.ts';
import { findHost } from '../hosts/store.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { getSnapshot } from '../snapshots/store.ts';
import { type Metadata, type NewVolume, type Volume, volumeRows } from './resource.ts';
import { getVolume, listCopiesUnderWay } from './store.ts';

export interface Origin {
  readonly source: VolumeSource;
  /** The host that has the source; null when any host will do. */
  readonly host: string | null;
  readonly minGb: number;
  /** What the new volume inherits from its source. */
  readonly typeId: string | null;
  /** Of the key that its data are encrypted with; undefined when they are encrypted as the new volume is. */
  readonly keyId?: string | null;
  readonly inherited: Pick<Volume, 'bootable' | 'imageMetadata' | 'snapshotId' | 'sourceVolumeId' | 'imageId'>;
}

type OriginInput = Pick<NewVolume, 'snapshotId' | 'sourceVolumeId' | 'imageRef' | 'imageId' | 'backupId' | 'sizeGb'>;

export const nothing = { bootable: false, imageMetadata: null, snapshotId: null, sourceVolumeId: null, imageId: null };
const invalid = (why: string) => badRequest(`Invalid input received: ${why}`);

export async function originOf(service: Volumes, caller: Caller, input: OriginInput): Promise<Origin> {
  const { snapshotId, sourceVolumeId: volumeId, backupId } = input;
  const imageRef = input.imageRef ?? input.imageId;
  if ([snapshotId, volumeId, imageRef, backupId].filter(Boolean).length > 1)
    throw invalid('May specify only one of snapshot, imageRef, backup or source volume');
  if (backupId) return fromBackup(service, caller, backupId, input);
  if (snapshotId) return fromSnapshot(service, caller, snapshotId, input);
  if (volumeId) return fromVolume(service, caller, volumeId, input);
  if (imageRef) return fromImage(service, caller, imageRef, input);
  return { source: { kind: 'blank' }, host: null, minGb: 1, typeId: null, inherited: nothing };
}

async function fromSnapshot(
  { db }: Volumes,
  caller: Caller,
  id: string,
  { sizeGb: size }: OriginInput,
): Promise<Origin> {
  const snapshot = await getSnapshot(db, caller, id);
  if (snapshot.status !== 'available')
    throw badRequest("Invalid snapshot: Originating snapshot status must be one of 'available' values");
  if (size && size < snapshot.sizeGb)
    throw invalid(
      `Volume size '${size}'GB cannot be smaller than the snapshot size ${snapshot.sizeGb}GB. They must be >= original snapshot size.`,
    );
  const { bootable, imageMetadata, encryptionKeyId: keyId } = await volumeRows.expect(db, { id: snapshot.volumeId });
  return {
    source: { kind: 'snapshot', snapshotId: id, volumeId: snapshot.volumeId },
    host: snapshot.host,
    minGb: snapshot.sizeGb,
    typeId: snapshot.typeId,
    keyId,
    inherited: { ...nothing, bootable, imageMetadata, snapshotId: id },
  };
}

async function fromVolume({ db }: Volumes, caller: Caller, id: string, { sizeGb: size }: OriginInput): Promise<Origin> {
  const volume = await getVolume(db, caller, id);
  if (!copyable.includes(volume.status))
    throw badRequest(`Invalid volume: Source volume ${id} must be available or in-use, it is ${volume.status}.`);
  if (volume.status === 'in-use') await requireOnlineCopies(db, volume);
  if (size && size < volume.sizeGb)
    throw invalid(
      `Volume size '${size}'GB cannot be smaller than original volume size  ${volume.sizeGb}GB. They must be >= original volume size.`,
    );
  const { bootable, imageMetadata, encryptionKeyId: keyId } = volume;
  return {
    source: { kind: 'volume', volumeId: id },
    host: volume.host,
    minGb: volume.sizeGb,
    typeId: volume.typeId,
    keyId,
    inherited: { ...nothing, bootable, imageMetadata, sourceVolumeId: id },
  };
}

async function fromBackup({ db }: Volumes, caller: Caller, id: string, { sizeGb: size }: OriginInput): Promise<Origin> {
  const backup = await getBackup(db, caller, id);
  const { status, sizeGb, container, storedAs, ofVolume, encryptionKeyId: keyId } = backup;
  const former = keyId === null ? undefined : await volumeRows.find(db, { id: backup.volumeId });
  if (status !== 'available') throw badRequest(`Invalid backup: Backup status must be available, but it is ${status}.`);
  if (size && size < sizeGb)
    throw invalid(
      `Volume size ${size}GB cannot be smaller than the backup size ${sizeGb}GB. They must be >= backup size.`,
    );
  return {
    source: { kind: 'backup', container, storedAs },
    host: null,
    minGb: sizeGb,
    typeId: former?.typeId ?? null,
    keyId,
    inherited: { ...nothing, ...ofVolume },
  };
}

/** Must run in the transaction that inserts the copy: a concurrent delete or extend of the source waits, then finds it. */
export async function lockSource(tx: Volumes['db'], source: VolumeSource): Promise<void> {
  if (source.kind === 'volume') {
    const status = (await volumeRows.lock(tx, source.volumeId))?.status ?? 'deleted';
    if (!copyable.includes(status))
      throw badRequest(
        `Invalid volume: Source volume ${source.volumeId} must be available or in-use, it is ${status}.`,
      );
  }
  if (source.kind === 'snapshot' && (await snapshotRows.lock(tx, source.snapshotId))?.status !== 'available')
    throw badRequest("Invalid snapshot: Originating snapshot status must be one of 'available' values");
}

const copyable: readonly string[] = ['available', 'in-use'];

/** Throws 400 while the source is being copied: deleting or extending it would fail the copy. */
export async function refuseWhileCopied(
  tx: Volumes['db'],
  of: { sourceVolumeId: string } | { snapshotId: string },
  what: string,
): Promise<void> {
  const copies = await listCopiesUnderWay(tx, of);
  if (copies.length > 0)
    throw badRequest(`${what} is being copied to volume ${copies.join(', ')}. Try again when that is available.`);
}

/** Whether the pool of a volume reports a feature of its driver. */
export async function hasFeature(db: Volumes['db'], { host, pool }: Volume, feature: string): Promise<boolean> {
  const report = (await findHost(db, host ?? ''))?.report;
  return report?.pools.find(({ name }) => name === pool)?.features.includes(feature) ?? false;
}

/** Throws 400 when the pool cannot take a consistent copy of a volume that is written to meanwhile. */
export async function requireOnlineCopies(db: Volumes['db'], volume: Volume): Promise<void> {
  const { id } = volume;
  if (await hasFeature(db, volume, 'online-snapshot')) return;
  throw badRequest(
    `Invalid volume: Volume ${id} is in use, and its storage cannot copy a volume at one moment while it is written to. Detach it first.`,
  );
}

async function fromImage(
  { images }: Volumes,
  caller: Caller,
  ref: string,
  { sizeGb: size }: OriginInput,
): Promise<Origin> {
  const id = ref.split('/').at(-1) ?? '';
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(id)) throw badRequest('Invalid imageRef provided.');
  const image = await images.show(id, caller.token).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.status !== 404) throw error;
    throw badRequest(`Invalid image identifier or unable to access requested image: ${id}.`);
  });
  if (image.status !== 'active') throw invalid(`Image ${id} is not active.`);
  const reason = diskRefusal(image);
  if (reason !== undefined) throw badRequest(reason);
  const minGb = minSizeGb(image, size ?? 0);
  return {
    source: { kind: 'image', imageId: id, format: image.disk_format ?? '' },
    host: null,
    minGb,
    typeId: null,
    inherited: { ...nothing, imageId: id, imageMetadata: metadataOf(image) },
  };
}

const gib = 2 ** 30;

function minSizeGb(image: Image, sizeGb: number): number {
  const imageGb = Math.max(1, Math.ceil(Math.max(image.size ?? 0, image.virtual_size ?? 0) / gib));
  if (sizeGb > 0 && sizeGb < imageGb)
    throw invalid(`Size of specified image ${imageGb}GB is larger than volume size ${sizeGb}GB.`);
  if (sizeGb > 0 && sizeGb < image.min_disk)
    throw invalid(`Volume size ${sizeGb}GB cannot be smaller than the image minDisk size ${image.min_disk}GB.`);
  return Math.max(imageGb, image.min_disk);
}

/** Image attributes that Cinder stores as text; compute reads them to boot from the volume. */
const kept = ['container_format', 'disk_format', 'min_disk', 'min_ram', 'size', 'checksum'] as const;
const standard = new Set(
  'id name status disk_format container_format size virtual_size checksum min_disk min_ram owner visibility created_at updated_at protected tags self file schema os_hash_algo os_hash_value os_hidden locations direct_url stores'.split(
    ' ',
  ),
);

/** The metadata to set on an image made of the volume, without what the image service sets itself. */
export const metadataForImage = (metadata: Metadata): Metadata =>
  Object.fromEntries(
    Object.entries(metadata).filter(
      ([name]) => !standard.has(name) && !ofSource.has(name) && !name.startsWith('os_glance'),
    ),
  );

const ofSource: ReadonlySet<string> = new Set([...kept, 'image_id', 'image_name', 'signature_verified']);

function metadataOf(image: Image): Metadata {
  const own = Object.entries(image).filter(([name, value]) => !standard.has(name) && typeof value === 'string');
  return {
    ...(Object.fromEntries(own) as Metadata),
    image_id: image.id,
    image_name: image.name ?? '',
    ...Object.fromEntries(kept.map((name) => [name, String(image[name] ?? '')])),
  };
}
