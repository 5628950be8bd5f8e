/** Guests that are only written down: for tests, and for clouds larger than the machine. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestMachine, GuestSpec, GuestState, ImageUpload } from '#shared/contracts/compute-agent.ts';
import { notFound } from '#shared/errors/fault.ts';
import type { HostFacts, Hypervisor, Power } from './hypervisor.ts';

interface FakeGuest {
  readonly spec: GuestSpec;
  power: Power;
  reason: string | null;
  console: string;
}

export interface FakeOptions {
  readonly size: Pick<HostFacts, 'vcpus' | 'ramMb' | 'diskGb'>;
  readonly changed: () => void;
  /** A folder that keeps the guests over the death of the process, one file each; without it they go with it. */
  readonly folder?: string;
  /** Stands before each deed: may wait, or throw a Fault to refuse. */
  readonly before?: (verb: string, id: string) => Promise<void>;
  /** Where a snapshot's bytes would go. */
  readonly upload?: (spec: ImageUpload) => Promise<void>;
}

interface FakeHypervisor extends Hypervisor {
  /** The guest powers itself off. */
  powerOffInside(id: string): void;
  /** Its process is killed. */
  die(id: string): void;
  specs(): readonly GuestSpec[];
}

const machine: GuestMachine = { type: 'pc-q35-7.2', cpu: 'max', accelerator: 'tcg' };

export function fakeHypervisor({ size, changed, folder, before, upload }: FakeOptions): FakeHypervisor {
  const guests = new Map<string, FakeGuest>();
  const find = (id: string): FakeGuest => {
    const guest = guests.get(id);
    if (!guest) throw notFound('Instance', id);
    return guest;
  };
  const fileOf = (id: string) => join(folder ?? '', `${id}.json`);
  const keep = async (id: string) => {
    if (folder === undefined) return;
    const fresh = `${fileOf(id)}.new`;
    await writeFile(fresh, JSON.stringify(guests.get(id)));
    await rename(fresh, fileOf(id)); // no fsync: they outlive a killed process, and need not outlive the machine
  };
  const forget = async (id: string) => {
    guests.delete(id);
    if (folder !== undefined) await rm(fileOf(id), { force: true });
  };
  const byItself = (id: string, power: Power, reason: string) => {
    Object.assign(find(id), { power, reason });
    changed();
  };
  return {
    ensureGuest: async (spec) => {
      await before?.('ensureGuest', spec.id);
      const known = guests.get(spec.id);
      const boots =
        spec.power !== 'off' && (!known || known.power === 'off' || known.spec.boot.mark !== spec.boot.mark);
      const console = (known?.console ?? '') + (boots ? `fake guest ${spec.id} ready\n` : '');
      const power = known?.power === 'crashed' && !boots && spec.power === 'on' ? 'crashed' : spec.power;
      guests.set(spec.id, { spec, power, reason: null, console });
      await keep(spec.id);
      return stateOf(spec, power);
    },
    ensureGuestGone: async ({ id }) => {
      await before?.('ensureGuestGone', id);
      await forget(id);
    },
    uploadSnapshot: async (spec) => {
      await before?.('uploadSnapshot', spec.serverId);
      find(spec.serverId);
      await upload?.(spec);
    },
    recover: async () => {
      if (folder === undefined) return; // fake guests need no power: what was on is on
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      for (const text of texts) {
        const guest = JSON.parse(text) as FakeGuest;
        guests.set(guest.spec.id, guest);
      }
    },
    facts: async () => ({ ...size, ...factsOf(guests, size.diskGb) }),
    guests: () => [...guests].map(([id, { power, reason }]) => ({ id, power, reason })),
    consoleLog: async (id, length) => lastLines(find(id).console, length),
    vncSocket: async (id) => {
      find(id);
      throw notFound('Console of instance', id);
    },
    close: async () => {},
    stopGuests: async () => {},
    removeGuests: async () => {
      for (const id of [...guests.keys()]) await forget(id);
    },
    powerOffInside: (id) => byItself(id, 'off', 'powered off from inside'),
    die: (id) => byItself(id, 'off', 'the process died: signal SIGKILL'),
    specs: () => [...guests.values()].map(({ spec }) => spec),
  };
}

const stateOf = ({ id, disks, machine: requested }: GuestSpec, power: Power): GuestState => {
  const counted = { virtio: 0, scsi: 0, discs: 0 };
  const name = ({ id: disk, bus, cdrom }: GuestSpec['disks'][number]) => [
    disk,
    cdrom ? `sr${counted.discs++}` : `${bus === 'scsi' ? 'sd' : 'vd'}${String.fromCharCode(97 + counted[bus]++)}`,
  ];
  return { id, power, machine: requested ?? machine, devices: Object.fromEntries(disks.map(name)) };
};

function factsOf(guests: ReadonlyMap<string, FakeGuest>, diskGb: number) {
  const used = [...guests.values()].filter(({ power }) => power !== 'off');
  return {
    usedRamMb: used.reduce((sum, { spec }) => sum + spec.ramMb, 0),
    freeDiskGb: diskGb,
    hypervisor: { type: 'fake', version: 1_000 },
    accelerator: 'fake' as const,
    cpu: { arch: 'x86_64', model: 'fake', features: [] },
  };
}

const lastLines = (text: string, length: number | null) =>
  length === null
    ? text
    : text
        .split('\n')
        .slice(-length - 1)
        .join('\n');
