/** What a storage host can be asked to make true. Each spec is safe to ask twice, and states the whole of its thing. */
import type { Contract } from '#shared/hosts/contract.ts';

export type VolumeSource =
  | { readonly kind: 'blank' }
  /** Fetched from the image API; converted to raw; refused when it is not what it says. */
  | { readonly kind: 'image'; readonly imageId: string; readonly format: string }
  | { readonly kind: 'snapshot'; readonly snapshotId: string; readonly volumeId: string }
  | { readonly kind: 'volume'; readonly volumeId: string };

export interface VolumeSpec {
  readonly id: string;
  /** Larger than it is: it grows. Never smaller. */
  readonly sizeGb: number;
  /** Used only while the volume does not exist. */
  readonly source: VolumeSource;
}

export interface SnapshotSpec {
  readonly id: string;
  readonly volumeId: string;
}

/**
 * One attachment's right to log in: its initiator, with a CHAP account of its own. Grants of one volume stand side by
 * side and do not know each other, so that attaching and detaching them need not wait for each other.
 */
export interface GrantSpec {
  /** The attachment's. */
  readonly id: string;
  readonly volumeId: string;
  readonly initiator: string;
  /** A user keeps its secret as long as it lives. */
  readonly user: string;
  readonly secret: string;
  readonly readOnly: boolean;
}

/** How the initiator reaches the volume. */
export interface Target {
  /** host:port */
  readonly portal: string;
  readonly iqn: string;
  readonly lun: number;
}

/** A volume's bytes into an image that waits for them. Subject: `<volume>/upload`. */
interface VolumeUpload {
  readonly id: string;
  readonly volumeId: string;
  readonly imageId: string;
  readonly format: 'raw' | 'qcow2';
}

export interface VolumeAgent {
  ensureVolume(spec: VolumeSpec): Promise<{ readonly sizeGb: number }>;
  ensureVolumeGone(spec: { readonly id: string }): Promise<void>;
  ensureSnapshot(spec: SnapshotSpec): Promise<void>;
  ensureSnapshotGone(spec: SnapshotSpec): Promise<void>;
  ensureGrant(spec: GrantSpec): Promise<Target>;
  ensureGrantGone(spec: { readonly id: string; readonly volumeId: string }): Promise<void>;
  uploadVolume(spec: VolumeUpload): Promise<void>;
}

export const volumeAgent: Contract<VolumeAgent> = {
  service: 'volume',
  verbs: [
    'ensureVolume',
    'ensureVolumeGone',
    'ensureSnapshot',
    'ensureSnapshotGone',
    'ensureGrant',
    'ensureGrantGone',
    'uploadVolume',
  ],
  secrets: ['secret'],
};

/** What the agent says of its host with each look for work. */
export interface VolumeReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly address: string;
  readonly pools: readonly {
    readonly name: string;
    readonly driver: string;
    readonly totalGb: number;
    readonly freeGb: number;
    /** Of what is free: kept back for what must go on when it is full. */
    readonly reservedGb?: number;
    readonly thin: boolean;
    /** Driver features: online extend, for one. */
    readonly features: readonly string[];
  }[];
}
