/** Records guests and runs none: for tests, and for clouds larger than the machine. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestMachine, GuestSpec, GuestState, ImageUpload } from '#shared/contracts/compute-agent.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { fakeScreen } from './fake-screen.ts';
import type { HostFacts, Hypervisor, Power } from './hypervisor.ts';
import { noGuestAgent, notRunning } from './refusals.ts';

interface FakeGuest {
  readonly spec: GuestSpec;
  power: Power;
  reason: string | null;
  console: string;
}

export interface FakeOptions {
  readonly size: Pick<HostFacts, 'vcpus' | 'ramMb' | 'diskGb'>;
  readonly onChange: () => void;
  /** A folder that keeps the guests across restarts of the process, one file each; without it they are in memory only. */
  readonly folder?: string;
  /** Called before each operation: may wait, or throw a Fault to refuse. */
  readonly before?: (verb: string, id: string) => Promise<void>;
  /** Replaces the upload of a snapshot. */
  readonly upload?: (spec: ImageUpload, guest: GuestSpec) => Promise<void>;
}

interface FakeHypervisor extends Hypervisor {
  /** The guest powers itself off. */
  powerOffInside(id: string): void;
  /** Its process is killed. */
  killProcess(id: string): void;
  specs(): readonly GuestSpec[];
}

const bootLog = (id: string): string =>
  ['Booting from Hard Disk...', 'Linux version 0.0-fake', 'Welcome', `fake guest ${id} ready`, ''].join('\n');

const machine: GuestMachine = { type: 'pc-q35-7.2', cpu: 'max', accelerator: 'tcg' };

export function fakeHypervisor({ size, onChange, folder, before, upload }: FakeOptions): FakeHypervisor {
  const guests = new Map<string, FakeGuest>();
  const screen = fakeScreen();
  const find = (id: string): FakeGuest => {
    const guest = guests.get(id);
    if (!guest) throw notFound('Instance', id);
    return guest;
  };
  const runningGuest = (id: string): FakeGuest => {
    const guest = find(id);
    if (guest.power !== 'on' && guest.power !== 'paused') throw notRunning(id);
    return guest;
  };
  const fileOf = (id: string) => join(folder ?? '', `${id}.json`);
  const persist = async (id: string) => {
    if (folder === undefined) return;
    const partial = `${fileOf(id)}.new`;
    await writeFile(partial, JSON.stringify(guests.get(id)));
    await rename(partial, fileOf(id)); // no fsync: must survive a killed process, not a power cut
  };
  const remove = async (id: string) => {
    guests.delete(id);
    if (folder !== undefined) await rm(fileOf(id), { force: true });
  };
  const changePower = (id: string, power: Power, reason: string) => {
    Object.assign(find(id), { power, reason });
    onChange();
  };
  return {
    ensureGuest: async (spec) => {
      await before?.('ensureGuest', spec.id);
      const existing = guests.get(spec.id);
      const boots =
        (spec.power === 'on' || spec.power === 'paused') &&
        (!existing || existing.power === 'off' || existing.spec.boot.mark !== spec.boot.mark);
      const console = (existing?.console ?? '') + (boots ? bootLog(spec.id) : '');
      const power = existing?.power === 'crashed' && !boots && spec.power === 'on' ? 'crashed' : spec.power;
      guests.set(spec.id, { spec, power, reason: null, console });
      await persist(spec.id);
      return stateOf(spec, power);
    },
    ensureGuestGone: async ({ id }) => {
      await before?.('ensureGuestGone', id);
      await remove(id);
    },
    uploadSnapshot: async (spec) => {
      await before?.('uploadSnapshot', spec.serverId);
      const { spec: guest } = find(spec.serverId);
      await upload?.(spec, guest);
    },
    ensureDiskBackup: async ({ serverId, state }) => {
      await before?.('ensureDiskBackup', serverId);
      if (state === 'kept') find(serverId);
    },
    offerGuest: async ({ serverId, live }) => {
      await before?.('offerGuest', serverId);
      if (!live && find(serverId).power !== 'off') throw conflict(`Guest ${serverId} is not off.`);
      return { address: 'fake:0', slots: {}, files: [] };
    },
    fetchGuest: async ({ serverId, guest }) => {
      await before?.('fetchGuest', serverId);
      if (guests.has(serverId)) return;
      guests.set(serverId, { spec: { ...guest, power: 'off' }, power: 'off', reason: null, console: '' });
      await persist(serverId);
    },
    receiveGuest: async ({ serverId, guest }) => {
      await before?.('receiveGuest', serverId);
      const known = guests.get(serverId);
      if (!known) guests.set(serverId, { spec: guest, power: 'paused', reason: null, console: '' });
      await persist(serverId);
      return { address: 'fake:0', arrived: known !== undefined };
    },
    sendGuest: async ({ serverId }) => {
      await before?.('sendGuest', serverId);
      find(serverId).power = 'paused';
    },
    controlSending: async () => null,
    recover: async () => {
      if (folder === undefined) return; // kept in memory only: nothing to recover
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
    diagnostics: async (id) => {
      const { spec } = runningGuest(id);
      const zero = { readBytes: 0, readRequests: 0, writeBytes: 0, writeRequests: 0, errors: 0 };
      const devices = Object.values(stateOf(spec, 'on').devices);
      return {
        uptimeS: 0,
        cpuNs: Array.from({ length: spec.vcpus }, () => 0),
        disks: devices.map((device) => ({ device, ...zero })),
        nics: spec.nics.map(({ mac, tap }) => ({ mac, tap, counters: null })),
        usedRamMb: spec.ramMb,
      };
    },
    injectNmi: async (id) => {
      runningGuest(id).console += 'fake guest got an NMI\n';
    },
    setPassword: async (id, user) => {
      const guest = runningGuest(id);
      if (!guest.spec.guestAgent) throw noGuestAgent(id);
      guest.console += `fake guest changed the password of ${user}\n`;
    },
    vncSocket: async (id) => {
      runningGuest(id);
      return screen.endpoint();
    },
    close: async () => screen.close(),
    stopGuests: async () => {},
    removeGuests: async () => {
      for (const id of [...guests.keys()]) await remove(id);
    },
    powerOffInside: (id) => changePower(id, 'off', 'powered off from inside'),
    killProcess: (id) => changePower(id, 'off', 'the process died: signal SIGKILL'),
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
  const used = [...guests.values()].filter(({ power }) => power !== 'off' && power !== 'suspended');
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
