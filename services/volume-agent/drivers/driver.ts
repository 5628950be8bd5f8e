/** The interfaces that drivers implement: storage of volumes, their export, and access to images. */
import type { Readable } from 'node:stream';
import type {
  AdoptSpec,
  GrantSpec,
  SnapshotSpec,
  Stored,
  Target,
  Unmanaged,
  VolumeReport,
  VolumeSpec,
} from '#shared/contracts/volume-agent.ts';

/** Stores the data of volumes: as files, thin LVM volumes or RBD images. All methods are idempotent. */
export interface VolumeStore {
  ensureVolume(spec: VolumeSpec): Promise<{ readonly sizeGb: number }>;
  ensureVolumeGone(spec: { readonly id: string }): Promise<void>;
  ensureSnapshot(spec: SnapshotSpec): Promise<void>;
  ensureSnapshotGone(spec: SnapshotSpec): Promise<void>;
  /** The path of a file or device with the raw data, to export or upload. */
  pathOf(volumeId: string): Promise<string>;
  /** The volume's data in the given format, as a stream. */
  readAs(volumeId: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes>;
  /** The snapshot's raw data. */
  readSnapshot(spec: SnapshotSpec): Promise<VolumeBytes>;
  hasVolume(volumeId: string): Promise<boolean>;
  /**
   * Creates the volume of these blocks and zeros between them, or replaces its whole data: after a failure it has the former
   * data, or does not exist.
   */
  writeVolume(spec: { readonly id: string; readonly sizeGb: number }, blocks: AsyncIterable<Block>): Promise<void>;
  /** Replaces the whole data of a volume by that of its source, in the same way; an image and a snapshot are sources. */
  replaceVolume(spec: VolumeSpec): Promise<void>;
  adopt(spec: AdoptSpec): Promise<{ readonly sizeGb: number }>;
  release(spec: Omit<AdoptSpec, 'name'>): Promise<void>;
  listUnmanaged(): Promise<readonly Unmanaged[]>;
  pools(): Promise<VolumeReport['pools']>;
  /** Ids of all volumes and snapshots that have bytes here. */
  stored(): Promise<Omit<Stored, 'exports'>>;
}

export interface Block {
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface VolumeBytes {
  readonly sizeBytes: number;
  readonly stream: Readable;
  /** The file with the same data, where there is one: its holes need not be read. */
  readonly path?: string;
  /** Closes the stream and removes temporary files. */
  close(): Promise<void>;
}

/** Exports volumes to initiators. Exports are persistent: they are restored after a restart. */
export interface Exporter {
  ensureGrant(spec: GrantSpec, path: string): Promise<Target>;
  ensureGrantGone(spec: { readonly id: string; readonly volumeId: string }): Promise<void>;
  /** Removes all grants of a volume. */
  ensureClosed(volumeId: string): Promise<void>;
  /** Whether the volume has grants. */
  isExported(volumeId: string): Promise<boolean>;
  /** After a volume grew: the LUN that has its size, where initiators that are logged in do not notice it at the former one. */
  ensureSize(volumeId: string, sizeGb: number): Promise<number | undefined>;
  /** Ids of the volumes with grants. */
  exported(): readonly string[];
  close(): Promise<void>;
}

/** The part of the image API that a storage host uses. */
export interface ImageStore {
  /** Throws a Fault when the image does not exist or has no data. */
  download(imageId: string): Promise<Readable>;
  upload(imageId: string, bytes: VolumeBytes): Promise<void>;
  /** The URL of an image in a store that volumes may share, such as rbd://FSID/POOL/IMAGE/SNAPSHOT. */
  locate?(imageId: string): Promise<string | undefined>;
}
