/** The agent's record of a guest: one JSON file, written before the operation it describes. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import type { GuestMachine, GuestPower, GuestSpec, Transfer } from '#shared/contracts/compute-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';
import { guestPaths, type StatePaths } from './paths.ts';
import type { ProcessId } from './processes.ts';

export interface GuestRecord {
  readonly id: string;
  /** The user that runs the guest; null without root: the agent's own. */
  readonly uid: number | null;
  readonly machine: GuestMachine;
  /** The last spec, for a start after a power cut. */
  readonly spec: GuestSpec;
  /** The intended power state, by the last spec or by the guest's own power-off. */
  readonly power: GuestPower;
  /** Why the guest is off without a spec. */
  readonly reason: string | null;
  /** The last boot mark; the boot is done when `leaving` has ended. */
  readonly bootMark: string;
  /** The process that must end for that boot. */
  readonly leaving: ProcessId | null;
  /** Device key to the number of its PCI port (virtio) or unit (scsi): kept across starts. */
  readonly slots: Readonly<Record<string, number>>;
  /** Disk id to the name in the guest. */
  readonly names: Readonly<Record<string, string>>;
  /** Disk key to the base image of its overlay. */
  readonly bases: Readonly<Record<string, { readonly imageId: string; readonly format: string }>>;
  /** Disk key to the generation of its file, once that is complete. */
  readonly generations?: Readonly<Record<string, string>>;
  /** Every tap that was created and not yet removed. */
  readonly taps: readonly string[];
  /** The move to another host that its files are offered for. */
  readonly transfer?: Transfer | null;
  /** The live migration by which it comes, or came, to this host, with the keys of the disks that are copied. */
  readonly arrival?: {
    readonly transferId: string;
    readonly state: 'waiting' | 'arrived';
    readonly copies: readonly string[];
  } | null;
  /** The live migration by which it leaves this host. Once it is sent, this host does not run it by itself. */
  readonly departure?: { readonly transferId: string; readonly sent: boolean } | null;
  /** The command line of the last start. */
  readonly argv: readonly string[];
}

export async function writeRecord(places: StatePaths, record: GuestRecord): Promise<void> {
  await mkdir(places.guest(record.id), { recursive: true, mode: 0o711 });
  await writeWhole(places.of(record.id, guestPaths.record), JSON.stringify(record, null, 1));
}

/** `leftovers` are folders without a record: an interrupted first write or removal. */
export async function readRecords(places: StatePaths) {
  const records: GuestRecord[] = [];
  const leftovers: string[] = [];
  for (const id of await readdir(places.guests).catch(() => [])) {
    const text = await readFile(places.of(id, guestPaths.record), 'utf8').catch(() => null);
    if (text === null) leftovers.push(id);
    else records.push(JSON.parse(text) as GuestRecord);
  }
  return { records, leftovers };
}
