/** What the parts of the driver share: one host and its guests. */
import type { KeyedQueue } from '#shared/clock/keyed-queue.ts';
import type { Room } from '#shared/files/room.ts';
import type { Log } from '#shared/log/log.ts';
import type { CephKey } from '../ceph-key.ts';
import type { Power } from '../hypervisor.ts';
import type { DeviceContext } from './devices.ts';
import type { ImageApi, ImageCache } from './images.ts';
import type { StatePaths } from './paths.ts';
import type { Capabilities, VirtType } from './probe.ts';
import type { ProcessId } from './processes.ts';
import type { Qmp } from './qmp.ts';
import { type GuestRecord, writeRecord } from './record.ts';
import type { Door } from './transfer/door.ts';

export interface QemuSettings {
  /** The QEMU program. */
  readonly qemu: string;
  readonly virtType: VirtType;
  /** `auto`: host with KVM, max without. */
  readonly cpuModel: string;
  /** PCI ports of a guest: the maximum number of its disks and NICs. */
  readonly ports: number;
  /** MiB of translation cache under TCG. */
  readonly tbSizeMb: number;
  /** User ids for guests; null without root. The first one is reserved for probes. */
  readonly uids: { readonly first: number; readonly count: number } | null;
  /** Distinguishes the process names of clouds on one machine. */
  readonly cloudId: string;
  /** The iSCSI initiator name of this host. */
  readonly initiator: string;
  /** The user of Ceph; null without one. */
  readonly ceph: CephKey | null;
  readonly consoleLogBytes: number;
  /** Where other hosts fetch guests from; port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
}

export interface Running {
  readonly process: ProcessId;
  readonly qmp: Qmp;
  /** Resolves to how it ended; null when an earlier agent started the process. */
  readonly ended: Promise<string> | null;
}

export interface Guest {
  record: GuestRecord;
  running: Running | null;
  /** While it is sent to another host. */
  sending?: { aborted: boolean } | null;
  /** As last observed, for the report. */
  lastPower: Power;
}

export interface QemuHost {
  readonly settings: QemuSettings;
  readonly places: StatePaths;
  readonly images: ImageCache;
  /** Disk space for guest disks and snapshots. */
  readonly room: Room;
  readonly api: ImageApi;
  readonly capabilities: Capabilities;
  readonly log: Log;
  /** Where other hosts fetch guests from. */
  readonly door: Door;
  readonly guests: Map<string, Guest>;
  /** Serializes the operations on one guest, by guest id. */
  readonly queue: KeyedQueue;
  /** Subscribes to the QMP events of a running guest. */
  readonly watch: (guest: Guest, running: Running) => void;
  /** Called when the report has changed. */
  readonly onChange: () => void;
}

export const deviceContextOf = ({ settings }: QemuHost, { slots, bases }: GuestRecord): DeviceContext => ({
  slots,
  bases,
  initiator: settings.initiator,
  ceph: settings.ceph,
});

/** Writes the record before the operation it describes, so that the next agent can finish it after a crash. */
export async function saveRecord({ places }: QemuHost, guest: Guest, changes: Partial<GuestRecord>): Promise<void> {
  const record = { ...guest.record, ...changes };
  await writeRecord(places, record);
  guest.record = record;
}

/** The lowest user id of the range that no guest uses. */
export function freeUid({ settings: { uids }, guests }: QemuHost): number | null {
  if (uids === null) return null;
  const used = new Set([...guests.values()].map(({ record }) => record.uid));
  for (let uid = uids.first + 1; uid < uids.first + uids.count; uid++) if (!used.has(uid)) return uid;
  throw new Error(`all ${uids.count} users for guests are taken`);
}
