/** What the parts of the driver share: one host, and the guests it knows. */
import type { Room } from '#shared/files/room.ts';
import type { Log } from '#shared/log/log.ts';
import type { Power, turns } from '../hypervisor.ts';
import type { Fittings } from './devices.ts';
import type { ImageApi, ImageCache } from './images.ts';
import type { Places } from './paths.ts';
import type { Abilities, VirtType } from './probe.ts';
import type { ProcessId } from './processes.ts';
import type { Qmp } from './qmp.ts';
import { type GuestRecord, writeRecord } from './record.ts';

export interface QemuSettings {
  /** The program. */
  readonly qemu: string;
  readonly virtType: VirtType;
  /** `auto`: host with KVM, max without. */
  readonly cpuModel: string;
  /** PCI ports of a guest: as many disks and NICs can it have. */
  readonly ports: number;
  /** MiB for translated code, without KVM. */
  readonly tbSizeMb: number;
  /** Users for guests; null without root. The first one is never a guest's. */
  readonly uids: { readonly first: number; readonly count: number } | null;
  /** Distinguishes the process names of clouds on one machine. */
  readonly cloudId: string;
  /** How this host names itself to iSCSI targets. */
  readonly initiator: string;
  readonly consoleLogBytes: number;
}

export interface Running {
  readonly process: ProcessId;
  readonly qmp: Qmp;
  /** How it ended; null when another agent began it. */
  readonly ended: Promise<string> | null;
}

export interface Guest {
  record: GuestRecord;
  running: Running | null;
  /** As last seen, for the report. */
  seen: Power;
}

export interface QemuHost {
  readonly settings: QemuSettings;
  readonly places: Places;
  readonly images: ImageCache;
  /** For disks of guests, and copies of them. */
  readonly room: Room;
  readonly api: ImageApi;
  readonly abilities: Abilities;
  readonly log: Log;
  readonly guests: Map<string, Guest>;
  readonly inOrder: ReturnType<typeof turns>;
  /** Listens to what the guest does by itself. */
  readonly watch: (guest: Guest, running: Running) => void;
  /** Tells that the report says something new. */
  readonly changed: () => void;
}

export const fittingsOf = ({ settings }: QemuHost, { slots, bases }: GuestRecord): Fittings => ({
  slots,
  bases,
  initiator: settings.initiator,
});

/** On disk first: whoever comes after a crash finds what was meant. */
export async function save({ places }: QemuHost, guest: Guest, changes: Partial<GuestRecord>): Promise<void> {
  const record = { ...guest.record, ...changes };
  await writeRecord(places, record);
  guest.record = record;
}

/** The lowest user of the range that no guest has. */
export function freeUid({ settings: { uids }, guests }: QemuHost): number | null {
  if (uids === null) return null;
  const taken = new Set([...guests.values()].map(({ record }) => record.uid));
  for (let uid = uids.first + 1; uid < uids.first + uids.count; uid++) if (!taken.has(uid)) return uid;
  throw new Error(`all ${uids.count} users for guests are taken`);
}
