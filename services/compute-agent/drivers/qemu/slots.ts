/** Which PCI port or scsi unit a device sits in. Kept while the device lives: guests name their disks and NICs by it. */
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { keyOf, pciKeys, placeOf, sataKeys, scsiKeys } from './devices.ts';

type Slots = Readonly<Record<string, number>>;

/** Places for all of the spec: those that have one keep it, the others take the lowest free one. */
export function assignSlots(spec: GuestSpec, before: Slots, ports: number): Slots {
  return {
    ...assign(pciKeys(spec), before, ports, 'PCI ports'),
    ...assign(scsiKeys(spec), before, 256, 'scsi units'),
    ...assign(sataKeys(spec), before, 6, 'SATA ports'),
  };
}

function assign(keys: readonly string[], before: Slots, size: number, what: string): Slots {
  const slots = Object.fromEntries(keys.flatMap((key) => (before[key] === undefined ? [] : [[key, before[key]]])));
  const taken = new Set(Object.values(slots));
  for (const key of keys.filter((each) => slots[each] === undefined)) {
    const free = firstFree(taken);
    if (free >= size) throw new Fault(409, 'conflict', `The guest has no place for another device: ${size} ${what}.`);
    taken.add(free);
    slots[key] = free;
  }
  return slots;
}

/** Names that guests will most likely give: at a start in the order of places, later the first free letter. */
export function nameDisks({ disks }: GuestSpec, slots: Slots, before: Readonly<Record<string, string>>) {
  const names: Record<string, string> = {};
  const place = (id: string) => slots[keyOf(id)] ?? 0;
  for (const { id } of disks) if (before[id] !== undefined) names[id] = before[id];
  for (const disk of disks.toSorted((a, b) => place(a.id) - place(b.id))) {
    names[disk.id] ??= freeName(prefixes[placeOf(disk)], new Set(Object.values(names)));
  }
  return names;
}

const prefixes = { virtio: 'vd', scsi: 'sd', sata: 'sr' } as const;

/** Discs have numbers, disks letters. */
function freeName(prefix: string, taken: ReadonlySet<string>): string {
  for (let at = 0; ; at++) {
    const name = prefix + (prefix === prefixes.sata ? String(at) : letters(at));
    if (!taken.has(name)) return name;
  }
}

/** a … z, aa, ab … as kernels count disks. */
const letters = (at: number): string =>
  (at >= 26 ? letters(Math.floor(at / 26) - 1) : '') + String.fromCharCode(97 + (at % 26));

function firstFree(taken: ReadonlySet<number>): number {
  let at = 0;
  while (taken.has(at)) at++;
  return at;
}
