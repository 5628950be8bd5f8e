/** The contract of storage hosts. Each spec is idempotent and describes the complete desired state of its resource. */
import type { Contract } from '#shared/hosts/contract.ts';

export type VolumeSource =
  | { readonly kind: 'blank' }
  /** Downloaded from the image API and converted to raw; refused when its format is not the declared one. */
  | { readonly kind: 'image'; readonly imageId: string; readonly format: string }
  | { readonly kind: 'snapshot'; readonly snapshotId: string; readonly volumeId: string }
  | { readonly kind: 'volume'; readonly volumeId: string }
  | ({ readonly kind: 'backup' } & BackupPlace);

/** LUKS 1 with aes-xts-plain64: the volume begins with a header, and what follows it is ciphertext. */
export interface Encryption {
  /** Of both halves of the key. */
  readonly keyBits: 256 | 512;
  /** The passphrase. */
  readonly secret: string;
}

/** Where the data of a backup is. */
export interface BackupPlace {
  readonly container: string;
  /** The name that its objects begin with: the id of the backup that made them. */
  readonly storedAs: string;
}

/** Stores the data of a volume, or of a snapshot of it. */
export interface BackupSpec extends BackupPlace {
  /** The backup's id. */
  readonly id: string;
  readonly volumeId: string;
  /** The snapshot whose data is stored; null: the volume's. */
  readonly snapshotId: string | null;
  /** `storedAs` of the backup that it adds to; null: all is stored. */
  readonly parent: string | null;
}

export interface BackupResult {
  readonly objectCount: number;
  readonly storedBytes: number;
}

/** Replaces the whole data of a volume, as one: after a failure it has the former data. */
export interface RestoreSpec {
  /** The volume's id. */
  readonly id: string;
  readonly sizeGb: number;
  readonly source: VolumeSource;
  /** Of an encrypted volume whose source is an image; other sources are ciphertext already. */
  readonly encryption?: Encryption;
}

export interface VolumeSpec {
  readonly id: string;
  /** A larger size extends the volume; a smaller one is refused. */
  readonly sizeGb: number;
  /** Used only while the volume does not exist. */
  readonly source: VolumeSource;
  /** Of an encrypted volume whose source is blank or an image; other sources are ciphertext already. */
  readonly encryption?: Encryption;
}

export interface SnapshotSpec {
  readonly id: string;
  readonly volumeId: string;
}

/**
 * One attachment's right to log in: its initiator and a CHAP account of its own. Grants of one volume are independent,
 * so that attach and detach need not wait for each other.
 */
export interface GrantSpec {
  /** The attachment's id. */
  readonly id: string;
  readonly volumeId: string;
  readonly initiator: string;
  /** The CHAP user; its secret never changes. */
  readonly user: string;
  readonly secret: string;
  readonly readOnly: boolean;
}

/** The iSCSI address of an exported volume. */
export interface IscsiTarget {
  /** host:port */
  readonly portal: string;
  readonly iqn: string;
  readonly lun: number;
}

/** An image of Ceph RBD: clients have a cephx user of their own. */
export interface RbdTarget {
  readonly pool: string;
  readonly image: string;
  /** host:port of each monitor. */
  readonly monitors: readonly string[];
}

export type Target = IscsiTarget | RbdTarget;

/** Names data that are in the pool already and belong to no volume or snapshot. */
export interface AdoptSpec {
  /** The id of the volume or snapshot that the data become. */
  readonly id: string;
  readonly as: 'volume' | 'snapshot';
  /** From an administrator: one of `listUnmanaged`. */
  readonly name: string;
}

/** Data in the pool that belong to no volume or snapshot of this cloud. */
export interface Unmanaged {
  readonly name: string;
  readonly sizeBytes: number;
  /** What it can become: in a pool of files they lie apart. */
  readonly kinds: readonly AdoptSpec['as'][];
  /** Null: it can be managed. */
  readonly reasonNotSafe: string | null;
}

/** Sends a volume's data to a queued image. Its id is `<volume>/upload`. */
interface VolumeUpload {
  readonly id: string;
  readonly volumeId: string;
  readonly imageId: string;
  readonly format: 'raw' | 'qcow2';
}

export interface VolumeAgent {
  /** `lun`: where the targets of a volume that grew while it was exported show its size from now on. */
  ensureVolume(spec: VolumeSpec): Promise<{ readonly sizeGb: number; readonly lun?: number }>;
  ensureVolumeGone(spec: { readonly id: string }): Promise<void>;
  ensureSnapshot(spec: SnapshotSpec): Promise<void>;
  ensureSnapshotGone(spec: SnapshotSpec): Promise<void>;
  ensureGrant(spec: GrantSpec): Promise<Target>;
  ensureGrantGone(spec: { readonly id: string; readonly volumeId: string }): Promise<void>;
  /** The data become a volume or snapshot of a whole number of gigabytes, by another name. Throws when there are none, or they are in use. */
  adopt(spec: AdoptSpec): Promise<{ readonly sizeGb: number }>;
  /** Gives the data of a volume or snapshot a name of no volume or snapshot: `unmanaged-<id>`. Does nothing when there are none. */
  release(spec: Omit<AdoptSpec, 'name'>): Promise<void>;
  uploadVolume(spec: VolumeUpload): Promise<void>;
  restoreVolume(spec: RestoreSpec): Promise<void>;
  ensureBackup(spec: BackupSpec): Promise<BackupResult>;
  ensureBackupGone(spec: BackupPlace & { readonly id: string }): Promise<void>;
  /** Throws 404 when there is no such backup. */
  findBackup(spec: BackupPlace & { readonly id: string }): Promise<{ readonly sizeBytes: number }>;
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
    'adopt',
    'release',
    'uploadVolume',
    'restoreVolume',
    'ensureBackup',
    'ensureBackupGone',
    'findBackup',
  ],
  secrets: ['secret'],
};

/** Calls that a storage host answers at once, at `callAddress(host, …)`. */
export interface VolumeCalls {
  readonly listUnmanaged: { readonly request: null; readonly reply: readonly Unmanaged[] };
}
export const callAddress = (host: string, call: keyof VolumeCalls): string => `volume-agent.${host}.${call}`;

/** Ids of volumes and snapshots that have bytes, and of volumes that are exported. */
export interface Stored {
  readonly volumes: readonly string[];
  readonly snapshots: readonly string[];
  readonly exports: readonly string[];
}

/** The report that the agent sends with each poll for work. */
export interface VolumeReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly address: string;
  /** The kind of store that it makes backups in; absent when it makes none. */
  readonly backups?: string;
  readonly pools: readonly {
    readonly name: string;
    readonly driver: string;
    readonly totalGb: number;
    readonly freeGb: number;
    /** The part of the free space that is reserved for operation on a full disk. */
    readonly reservedGb?: number;
    readonly thin: boolean;
    /** Driver features, such as `online-snapshot`. */
    readonly features: readonly string[];
    /** How guests reach it; iSCSI when absent. */
    readonly protocol?: string;
    /** Of each block; one when absent. */
    readonly replicas?: number;
    /** Whether reads go to all replicas of a block. */
    readonly balancedReads?: boolean;
  }[];
  /** What lies here, by id: in the first report, and then at intervals. Kept only while the database is held. */
  readonly stored?: Stored;
}
