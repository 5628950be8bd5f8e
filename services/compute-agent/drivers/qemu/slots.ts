/** Assigns PCI ports and scsi units. A device keeps its slot: guests name their disks and NICs by it. */
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { busOf, keyOf, pciKeys, sataKeys, scsiKeys } from './devices.ts';

type Slots = Readonly<Record<string, number>>;

/** Slots for all devices of the spec: assigned ones are kept, others get the lowest free one. */
export function assignSlots(spec: GuestSpec, before: Slots, ports: number): Slots {
  return {
    ...assign(pciKeys(spec, before), before, ports, 'PCI ports'),
    ...assign(scsiKeys(spec), before, 256, 'scsi units'),
    ...assign(sataKeys(spec), before, 6, 'SATA ports'),
  };
}

function assign(keys: readonly string[], before: Slots, size: number, what: string): Slots {
  const slots: Record<string, number> = {};
  const used = new Set<number>();
  for (const key of keys) {
    const kept = before[key];
    if (kept === undefined || used.has(kept)) continue; // a disk that came from another bus may hold a used number
    slots[key] = kept;
    used.add(kept);
  }
  for (const key of keys.filter((each) => slots[each] === undefined)) {
    const free = firstFree(used);
    if (free >= size)
      throw new Fault(409, 'conflict', `The guest has no free slot for another device: it has ${size} ${what}.`);
    used.add(free);
    slots[key] = free;
  }
  return slots;
}

/** The names that a guest most likely gives: by slot at a start, later the first free letter. */
export function nameDisks({ disks }: GuestSpec, slots: Slots, before: Readonly<Record<string, string>>) {
  const names: Record<string, string> = {};
  const slotOf = (id: string) => slots[keyOf(id)] ?? 0;
  for (const { id } of disks) if (before[id] !== undefined) names[id] = before[id];
  for (const disk of disks.toSorted((a, b) => slotOf(a.id) - slotOf(b.id))) {
    names[disk.id] ??= freeName(disk.cdrom ? prefixes.sata : prefixes[busOf(disk)], new Set(Object.values(names)));
  }
  return names;
}

const prefixes = { virtio: 'vd', scsi: 'sd', sata: 'sr' } as const;

/** CD-ROMs have numbers, disks have letters. */
function freeName(prefix: string, used: ReadonlySet<string>): string {
  for (let at = 0; ; at++) {
    const name = prefix + (prefix === prefixes.sata ? String(at) : lettersOf(at));
    if (!used.has(name)) return name;
  }
}

/** a … z, aa, ab … as the Linux kernel names disks. */
const lettersOf = (at: number): string =>
  (at >= 26 ? lettersOf(Math.floor(at / 26) - 1) : '') + String.fromCharCode(97 + (at % 26));

function firstFree(used: ReadonlySet<number>): number {
  let at = 0;
  while (used.has(at)) at++;
  return at;
}
