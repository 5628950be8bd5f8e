/** What stands behind the contract: bytes, and the door through which initiators reach them. */
import type { Readable } from 'node:stream';
import type { GrantSpec, SnapshotSpec, Target, VolumeReport, VolumeSpec } from '#shared/contracts/volume-agent.ts';

/** Where the bytes of volumes live: files, thin volumes of LVM, RBD. Everything is an ensure. */
export interface VolumeStore {
  ensureVolume(spec: VolumeSpec): Promise<{ readonly sizeGb: number }>;
  ensureVolumeGone(spec: { readonly id: string }): Promise<void>;
  ensureSnapshot(spec: SnapshotSpec): Promise<void>;
  ensureSnapshotGone(spec: SnapshotSpec): Promise<void>;
  /** A file or device with the raw bytes, for who exports or uploads them. */
  pathOf(volumeId: string): Promise<string>;
  /** A file with the volume's bytes in another format, ready to be read from start to end. */
  readAs(volumeId: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes>;
  pools(): Promise<VolumeReport['pools']>;
}

export interface VolumeBytes {
  readonly sizeBytes: number;
  readonly stream: Readable;
  /** Removes what was made for the reading. */
  close(): Promise<void>;
}

/** Gives volumes to initiators. What is exported is kept on disk and comes back by itself. */
export interface Exporter {
  ensureGrant(spec: GrantSpec, path: string): Promise<Target>;
  ensureGrantGone(spec: { readonly id: string; readonly volumeId: string }): Promise<void>;
  /** Takes all grants of a volume away. */
  ensureClosed(volumeId: string): Promise<void>;
  /** Whether somebody may be using the volume. */
  isExported(volumeId: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The image API, as far as a storage host needs it. */
export interface ImageStore {
  /** Throws a Fault when there is no such image, or it has no bytes. */
  download(imageId: string): Promise<Readable>;
  upload(imageId: string, bytes: VolumeBytes): Promise<void>;
}
