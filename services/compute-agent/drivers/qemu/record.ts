/** What the agent keeps of a guest: one JSON file, written before the deed it speaks of. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import type { GuestMachine, GuestSpec } from '#shared/contracts/compute-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';
import { type Places, within } from './paths.ts';
import type { ProcessId } from './processes.ts';

export interface GuestRecord {
  readonly id: string;
  /** The user that runs it; null: the agent's own, without root. */
  readonly uid: number | null;
  readonly machine: GuestMachine;
  /** The last one, whole: what a start after a power cut is made of. */
  readonly spec: GuestSpec;
  /** What the guest is meant to be, by the last spec or by itself. */
  readonly power: 'on' | 'off' | 'paused';
  /** Why it is off, when nobody requested it. */
  readonly reason: string | null;
  /** The boot mark that was carried out, or is being: see `leaving`. */
  readonly bootMark: string;
  /** The process that must end before that boot is done. */
  readonly leaving: ProcessId | null;
  /** Device key to number of its PCI port (virtio) or unit (scsi): the same again at each start. */
  readonly slots: Readonly<Record<string, number>>;
  /** Disk id to the name in the guest. */
  readonly names: Readonly<Record<string, string>>;
  /** Disk key to the image under its overlay. */
  readonly bases: Readonly<Record<string, { readonly imageId: string; readonly format: string }>>;
  /** Every tap made for it and not yet taken away. */
  readonly taps: readonly string[];
  /** The words of the last start. */
  readonly argv: readonly string[];
}

export async function writeRecord(places: Places, record: GuestRecord): Promise<void> {
  await mkdir(places.guest(record.id), { recursive: true, mode: 0o711 });
  await writeWhole(places.of(record.id, within.record), JSON.stringify(record, null, 1));
}

/** Folders without a record (a first write that was cut off, a removal that was) are named too. */
export async function readRecords(places: Places) {
  const records: GuestRecord[] = [];
  const remains: string[] = [];
  for (const id of await readdir(places.guests).catch(() => [])) {
    const text = await readFile(places.of(id, within.record), 'utf8').catch(() => null);
    if (text === null) remains.push(id);
    else records.push(JSON.parse(text) as GuestRecord);
  }
  return { records, remains };
}
