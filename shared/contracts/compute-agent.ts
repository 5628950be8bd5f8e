/** What a compute host can be asked to make true. Each spec is safe to ask twice, and states the whole guest. */
import type { Contract } from '#shared/hosts/contract.ts';

/** Where the bytes of a disk come from. */
export type DiskSource =
  /** An overlay on the host's cached copy of an image, fetched from the image API. */
  | { readonly kind: 'image'; readonly imageId: string; readonly format: string }
  /** An empty disk of the host's own: ephemeral or swap. */
  | { readonly kind: 'blank' }
  /** A volume that another host exports; QEMU is the initiator. */
  | {
      readonly kind: 'iscsi';
      /** host:port */
      readonly portal: string;
      readonly iqn: string;
      readonly lun: number;
      readonly user: string;
      /** CHAP; reaches QEMU through a secret object, never argv. */
      readonly secret: string;
    };

export interface DiskSpec {
  /** Stable: a volume's id, or `root`, `ephemeral0`, `swap`. */
  readonly id: string;
  readonly source: DiskSource;
  readonly sizeGb: number;
  /** 0 boots first; null never boots. */
  readonly bootIndex: number | null;
  readonly bus: 'virtio' | 'scsi';
  /** At most 20 characters reach the guest as /dev/disk/by-id/virtio-…: a volume's id, as Nova does. */
  readonly serial: string;
  readonly readOnly?: boolean;
  /** In the place of a disc, on SATA whatever `bus` says: only at a boot, and read only. */
  readonly cdrom?: boolean;
}

export interface NicSpec {
  readonly portId: string;
  readonly mac: string;
  readonly mtu: number;
  /** The host interface to make for the guest, owned by the guest's user. */
  readonly tap: string;
  /** The bridge to put it on, which the network agent made; null without root: user-mode networking. */
  readonly bridge: string | null;
}

/** Text, or bytes of any kind: what users hand in need not be text. */
export type FileContent = string | { readonly base64: string };

/** A guest as it shall be. Its id is the server's. */
export interface GuestSpec {
  readonly id: string;
  readonly vcpus: number;
  readonly ramMb: number;
  readonly power: 'on' | 'off' | 'paused';
  /** Another value than the last one reboots the guest once; kept by the agent. */
  readonly boot: { readonly mark: string; readonly kind: 'soft' | 'hard' };
  /** How long the guest may take to power off or reboot by itself before it is made to. */
  readonly graceMs: number;
  /** From compute's row after the first boot; null chooses, and the answer tells. */
  readonly machine: GuestMachine | null;
  readonly disks: readonly DiskSpec[];
  readonly nics: readonly NicSpec[];
  /** File name to content, as an ISO labelled config-2; null for none. Written once, at the first boot. */
  readonly configDrive: Readonly<Record<string, FileContent>> | null;
}

/** What must stay the same while the guest lives, so that it can move and come back. */
export interface GuestMachine {
  /** A versioned machine type: pc-q35-7.2. */
  readonly type: string;
  readonly cpu: string;
  readonly accelerator: 'kvm' | 'tcg';
}

/** What ensureGuest answers. */
export interface GuestState {
  readonly id: string;
  readonly power: 'on' | 'off' | 'paused' | 'crashed';
  readonly machine: GuestMachine;
  /** Disk id to the name the guest most likely gives it: vda. */
  readonly devices: Readonly<Record<string, string>>;
}

export interface ImageUpload {
  /** The server whose root disk is copied. The subject of this work is `<server>/snapshot`. */
  readonly id: string;
  readonly serverId: string;
  readonly imageId: string;
  readonly format: 'qcow2' | 'raw';
}

export interface ComputeAgent {
  ensureGuest(spec: GuestSpec): Promise<GuestState>;
  /** Guest, disks of its own, taps, sockets, console log: all gone. */
  ensureGuestGone(spec: { readonly id: string }): Promise<void>;
  /** Sends the flattened root disk to an image that waits for its bytes. */
  uploadSnapshot(spec: ImageUpload): Promise<void>;
}

export const computeAgent: Contract<ComputeAgent> = {
  service: 'compute',
  verbs: ['ensureGuest', 'ensureGuestGone', 'uploadSnapshot'],
  /** CHAP, and the files of the config drive: the password of the guest's administrator, user data. */
  secrets: ['secret', 'configDrive'],
};

/** What the agent says of its host with each look for work: see shared/hosts. */
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
  /** Every guest the host knows. A change without a spec (a guest powered itself off) shows here at once. */
  readonly guests: readonly {
    readonly id: string;
    readonly power: GuestState['power'];
    /** Why, when nobody requested it: "powered off from inside", "the process died: signal 9". */
    readonly reason: string | null;
  }[];
}

export interface Screen {
  readonly path: string;
  /** Null for host:port. */
  readonly owner: number | null;
}

/** Questions a host answers at once, at `questionTo(host, …)`. */
export interface ComputeCalls {
  /** The last `length` lines of the serial console, all without it. */
  consoleLog: { ask: { id: string; length: number | null }; answer: { output: string } };
  /** Where the console proxy finds the framebuffer of the guest: a unix socket and the user that made it, or host:port. */
  vncSocket: { ask: { id: string }; answer: Screen };
}

export const callAddress = (host: string, request: keyof ComputeCalls): string => `compute-agent.${host}.${request}`;

/** What the agent asks compute when a guest's process is gone at its start (a power cut). */
export const ownsGuest = 'compute.owns-guest';
export interface OwnsGuest {
  ask: { host: string; id: string };
  /** The power the row wants; null when this host does not own the guest (any more). */
  answer: { power: 'on' | 'off' | 'paused' | null };
}
