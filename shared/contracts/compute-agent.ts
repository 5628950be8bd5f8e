/** The contract of compute hosts. Each verb is idempotent, and a spec states the whole guest. */
import type { Contract } from '#shared/hosts/contract.ts';

/** Where the bytes of a disk come from. */
export type DiskSource =
  /** An overlay on an image in the host's cache, downloaded from the image API. */
  | { readonly kind: 'image'; readonly imageId: string; readonly format: string }
  /** An empty local disk: ephemeral or swap. */
  | { readonly kind: 'blank' }
  /** A volume of a storage host; QEMU is the initiator. */
  | {
      readonly kind: 'iscsi';
      /** host:port */
      readonly portal: string;
      readonly iqn: string;
      readonly lun: number;
      readonly user: string;
      /** CHAP secret; passed to QEMU as a secret object, never in argv. */
      readonly secret: string;
    }
  /** An image of Ceph RBD; the host has the key. */
  | {
      readonly kind: 'rbd';
      readonly pool: string;
      readonly image: string;
      /** host:port of each monitor. */
      readonly monitors: readonly string[];
    };

/** Whether the bytes are on the host of the guest: not those of a volume. */
export const isLocal = ({ source }: Pick<DiskSpec, 'source'>): boolean =>
  source.kind === 'image' || source.kind === 'blank';

export interface DiskSpec {
  /** Stable: a volume's id, or `root`, `ephemeral0`, `swap`. */
  readonly id: string;
  readonly source: DiskSource;
  readonly sizeGb: number;
  /** A value that differs from the last one makes a local disk anew, for a rebuild from the same image. */
  readonly generation?: string;
  /** 0 boots first; null is not bootable. */
  readonly bootIndex: number | null;
  readonly bus: 'virtio' | 'scsi';
  /** The guest sees its first 20 characters in /dev/disk/by-id/virtio-…: a volume's id, as in Nova. */
  readonly serial: string;
  readonly readOnly?: boolean;
  /** QEMU decrypts what the volume holds, which the storage never sees. */
  readonly encryption?: { readonly format: 'luks'; readonly secret: string };
  /** What the guest may do with it per second, by the names of QEMU's ThrottleLimits; absent: no limits. */
  readonly limits?: Readonly<Record<string, number>>;
  /** A read-only CD-ROM: on SATA, where it cannot be hot plugged, or with `bus: 'scsi'` on the SCSI controller. */
  readonly cdrom?: boolean;
}

export interface NicSpec {
  readonly portId: string;
  readonly mac: string;
  readonly mtu: number;
  /** The tap to create for the guest, owned by the guest's user. */
  readonly tap: string;
  /** The bridge of the tap, created by the network agent; null without root: user-mode networking. */
  readonly bridge: string | null;
}

/** Text, or arbitrary bytes such as user data. */
export type FileContent = string | { readonly base64: string };

/** `suspended`: off, with its memory kept on the host's disk until it is `on` again. */
export type GuestPower = 'on' | 'off' | 'paused' | 'suspended';

/** The desired state of a guest. Its id is the server's. */
export interface GuestSpec {
  readonly id: string;
  readonly vcpus: number;
  readonly ramMb: number;
  readonly power: GuestPower;
  /** A mark that differs from the last one, which the agent keeps, reboots the guest once. */
  readonly boot: { readonly mark: string; readonly kind: 'soft' | 'hard' };
  /** How long the guest may take to power off or reboot before its process is ended. */
  readonly graceMs: number;
  /** From compute's row after the first boot; with null the agent chooses and returns it. */
  readonly machine: GuestMachine | null;
  readonly disks: readonly DiskSpec[];
  readonly nics: readonly NicSpec[];
  /** A value that differs from the last one writes the config drive anew, for a rebuild. */
  readonly generation?: string;
  /** File name to content, on an ISO labelled config-2; null for none. Written once for each generation, before its first boot. */
  readonly configDrive: Readonly<Record<string, FileContent>> | null;
  /** It has the serial port of the QEMU guest agent. */
  readonly guestAgent?: true;
}

/** Properties that must not change during the life of the guest, so that it can move to another host and back. */
export interface GuestMachine {
  /** A versioned machine type: pc-q35-7.2. */
  readonly type: string;
  readonly cpu: string;
  readonly accelerator: 'kvm' | 'tcg';
}

/** The result of ensureGuest. */
export interface GuestState {
  readonly id: string;
  readonly power: GuestPower | 'crashed';
  readonly machine: GuestMachine;
  /** Disk id to the device name that the guest most likely gives it: vda. */
  readonly devices: Readonly<Record<string, string>>;
}

export interface ImageUpload {
  /** `<server>/snapshot`: orders this work apart from that on the guest. */
  readonly id: string;
  readonly serverId: string;
  readonly imageId: string;
  readonly format: 'qcow2' | 'raw';
}

/** What the two hosts of a move share. */
export interface Transfer {
  /** The id of the migration. */
  readonly id: string;
  /** By it the hosts authenticate each other, and encrypt what they send. */
  readonly transferKey: string;
}

/** A copy of a guest's disks on the same host, for a resize that is reverted. */
export interface DiskBackup {
  /** `<server>/backup`: orders this work apart from that on the guest. */
  readonly id: string;
  readonly serverId: string;
  /** The id of the migration: a backup is made once for it. */
  readonly mark: string;
  /** `restored`: the disks are as they were in the backup, which is gone; without a backup nothing changes. */
  readonly state: 'kept' | 'restored' | 'gone';
}

/** Lets another host fetch the files of a guest that is off. */
export interface GuestOffer {
  /** `<server>/offer` */
  readonly id: string;
  readonly serverId: string;
  readonly transfer: Transfer;
  /** Of a guest that runs: without its disks. */
  readonly live?: true;
}

export interface OfferedGuest {
  /** host:port at which the host serves the files. */
  readonly address: string;
  /** Of its devices: the guest keeps them. */
  readonly slots: Readonly<Record<string, number>>;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** Creates the guest, powered off, with the files of another host. */
export interface GuestFetch {
  /** `<server>/fetch` */
  readonly id: string;
  readonly serverId: string;
  readonly transfer: Transfer;
  readonly from: OfferedGuest;
  readonly guest: GuestSpec;
}

/** Starts a process that waits for the memory of a guest that runs on another host. */
export interface GuestReceive extends GuestFetch {
  /** Local disks, which are copied from the other host. */
  readonly copies: readonly string[];
}

export interface ReceivedGuest {
  /** host:port at which the host takes the guest. */
  readonly address: string;
  /** It has all its memory, and runs on this host. */
  readonly arrived: boolean;
}

/** Sends a running guest to the host that waits for it. */
export interface GuestSend {
  /** `<server>/send` */
  readonly id: string;
  readonly serverId: string;
  readonly transfer: Transfer;
  readonly to: string;
  readonly copies: readonly string[];
}

/** Of a live migration, in bytes. */
export interface MoveProgress {
  readonly memoryTotal: number;
  readonly memoryProcessed: number;
  readonly memoryRemaining: number;
  readonly diskTotal: number;
  readonly diskProcessed: number;
  readonly diskRemaining: number;
}

export interface ComputeAgent {
  ensureGuest(spec: GuestSpec): Promise<GuestState>;
  /** Removes the guest with its local disks, taps, sockets and console log. */
  ensureGuestGone(spec: { readonly id: string }): Promise<void>;
  /** Uploads the flattened root disk to a queued image. */
  uploadSnapshot(spec: ImageUpload): Promise<void>;
  ensureDiskBackup(spec: DiskBackup): Promise<void>;
  offerGuest(spec: GuestOffer): Promise<OfferedGuest>;
  fetchGuest(spec: GuestFetch): Promise<void>;
  receiveGuest(spec: GuestReceive): Promise<ReceivedGuest>;
  sendGuest(spec: GuestSend): Promise<void>;
}

export const computeAgent: Contract<ComputeAgent> = {
  service: 'compute',
  verbs: [
    'ensureGuest',
    'ensureGuestGone',
    'uploadSnapshot',
    'ensureDiskBackup',
    'offerGuest',
    'fetchGuest',
    'receiveGuest',
    'sendGuest',
  ],
  /** CHAP secrets, keys of encrypted volumes, the files of the config drive (adminPass, user data), the keys of transfers. */
  secrets: ['secret', 'configDrive', 'transferKey'],
};

/** The report of a host, sent with each poll for work: see shared/hosts. */
export interface ComputeReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly address: string;
  readonly vcpus: number;
  readonly ramMb: number;
  /** Of the file system that holds the guests. */
  readonly diskGb: number;
  readonly freeDiskGb: number;
  readonly usedRamMb: number;
  readonly hypervisor: { readonly type: string; readonly version: number };
  readonly accelerator: 'kvm' | 'tcg' | 'fake';
  readonly cpu: { readonly arch: string; readonly model: string; readonly features: readonly string[] };
  /** Why the host cannot do its work: it gets no server until it can. */
  readonly unfit?: readonly string[];
  /** Every guest of the host. A change without a spec (a guest powered itself off) is reported at once. */
  readonly guests: readonly {
    readonly id: string;
    readonly power: GuestState['power'];
    /** The cause of a change without a spec: "powered off from inside", "the process died: signal 9". */
    readonly reason: string | null;
  }[];
}

export interface VncEndpoint {
  readonly path: string;
  /** The user id that must own the socket; null: `path` is host:port. */
  readonly owner: number | null;
}

export interface GuestDiagnostics {
  readonly uptimeS: number;
  /** Nanoseconds of each virtual CPU. */
  readonly cpuNs: readonly number[];
  readonly disks: readonly {
    readonly device: string;
    readonly readBytes: number;
    readonly readRequests: number;
    readonly writeBytes: number;
    readonly writeRequests: number;
    readonly errors: number;
  }[];
  /** With root, of the tap. */
  readonly nics: readonly {
    readonly mac: string;
    readonly tap: string;
    readonly counters: Readonly<Record<string, number>> | null;
  }[];
  readonly usedRamMb: number;
}

/** Calls that a host answers at once, at `callAddress(host, …)`. */
export interface ComputeCalls {
  /** The last `length` lines of the serial console; with null all that is kept. */
  consoleLog: { request: { id: string; length: number | null }; reply: { output: string } };
  /** The VNC server of the guest: a unix socket and the user that must own it, or host:port. */
  vncSocket: { request: { id: string }; reply: VncEndpoint };
  /** What a running guest has used; a Fault (409) for one that is not. */
  diagnostics: { request: { id: string }; reply: GuestDiagnostics };
  /** How long the host has run and how busy it is, as the command `uptime` prints it. */
  uptime: { request: null; reply: { text: string } };
  /** A non-maskable interrupt, on which the guest's system may write a crash dump. */
  injectNmi: { request: { id: string }; reply: null };
  /** Through the guest agent; a Fault (409) without one. */
  setPassword: { request: { id: string; user: string; password: string }; reply: null };
  /** Null when the guest is not being sent. Abort and force have an effect later: see the outcome of sendGuest. */
  controlSending: {
    request: { id: string; what: 'progress' | 'abort' | 'force' };
    reply: { progress: MoveProgress | null };
  };
}

export const callAddress = (host: string, call: keyof ComputeCalls): string => `compute-agent.${host}.${call}`;

/** The agent calls it at its start for a guest whose process is gone (a power cut). */
export const ownsGuest = 'compute.owns-guest';
export interface OwnsGuest {
  request: { host: string; id: string };
  /** The power state of the row; null when this host does not own the guest. */
  reply: { power: GuestPower | null };
}
