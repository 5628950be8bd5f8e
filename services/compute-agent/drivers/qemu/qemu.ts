/** Guests on QEMU, driven directly over QMP. They outlive the agent, which finds them again. */
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { notFound } from '#shared/errors/fault.ts';
import { openRoom } from '#shared/files/room.ts';
import type { Log } from '#shared/log/log.ts';
import { missingConfinement } from '#shared/process/confined.ts';
import { type Hypervisor, turns } from '../hypervisor.ts';
import { factsOf } from '../machine.ts';
import { tailOf, trimConsole } from './console.ts';
import type { Guest, QemuHost, QemuSettings } from './host.ts';
import { type CacheOptions, type ImageApi, imageCache } from './images.ts';
import { placesIn, within } from './paths.ts';
import { findRunning, stop } from './power.ts';
import { probe } from './probe.ts';
import { findProcess, kill } from './processes.ts';
import { withSpace } from './qemu-img.ts';
import { reconcileGuest } from './reconcile.ts';
import { eachOf, recoverGuests } from './recover.ts';
import { sendSnapshot } from './snapshot.ts';
import { ensureTapGone } from './taps.ts';
import { watch } from './watch.ts';

interface QemuOptions {
  readonly stateDir: string;
  readonly settings: QemuSettings;
  readonly cache: Pick<CacheOptions, 'maxBytes' | 'maxAgeMs'>;
  /** What stays free on the disk; nothing unless told. */
  readonly reserveBytes?: number;
  readonly api: ImageApi;
  readonly log: Log;
  readonly changed: () => void;
}

export async function qemuHypervisor(options: QemuOptions): Promise<Hypervisor> {
  const host = await openHost(options);
  const { guests, inOrder, places } = host;
  const closing = new AbortController();
  let recovering: Promise<void> = Promise.resolve();
  const guestOf = (id: string): Guest => {
    const guest = guests.get(id);
    if (!guest) throw notFound('Instance', id);
    return guest;
  };
  return {
    ensureGuest: (spec, replaced) =>
      inOrder(spec.id, () => withSpace('the guest', reconcileGuest(host, spec, replaced))),
    ensureGuestGone: ({ id }) => inOrder(id, () => removeGuest(host, id)),
    uploadSnapshot: (spec) => sendSnapshot(host, spec),
    recover: async (ownerState) => {
      recovering = (await recoverGuests(host, ownerState, closing.signal)).rest;
    },
    facts: async () => {
      await keepBounds(host);
      const { accelerator, version } = host.abilities;
      return { ...(await factsOf(places.root)), hypervisor: { type: 'QEMU', version }, accelerator };
    },
    guests: () => [...guests.values()].map(({ record: { id, reason }, seen }) => ({ id, power: seen, reason })),
    consoleLog: (id, length) => tailOf(guestOf(id).record.uid, places.of(id, within.console), length),
    vncSocket: async (id) => {
      const { running, record } = guestOf(id);
      if (!running) throw notFound('Console of instance', id);
      return { path: places.of(id, within.vnc), owner: record.uid };
    },
    close: async () => {
      closing.abort();
      await recovering;
      for (const guest of guests.values()) letGo(guest);
    },
    stopGuests: (graceMs) =>
      eachOf([...guests.values()], 8, (guest) => inOrder(guest.record.id, () => stopGuest(host, guest, graceMs))),
    removeGuests: async () => {
      await eachOf([...guests.keys()], 8, (id) => inOrder(id, () => removeGuest(host, id)));
      await rm(places.root, { recursive: true, force: true });
    },
  };
}

async function openHost({
  stateDir,
  settings,
  cache,
  reserveBytes = 0,
  api,
  log,
  changed,
}: QemuOptions): Promise<QemuHost> {
  const places = placesIn(stateDir);
  for (const dir of [places.root, places.guests, places.images]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
  }
  for (const name of await readdir(places.images)) {
    if (name.startsWith('work-')) await rm(join(places.images, name), { recursive: true, force: true });
  }
  const { qemu, virtType, uids } = settings;
  const refusalFile = join(places.root, 'kvm-refusal.json');
  const abilities = await probe({ qemu, virtType, uid: uids?.first ?? null, refusalFile });
  log.info({ ...abilities }, 'QEMU was tried');
  const missing = await missingConfinement();
  if (missing.length > 0) log.warn({ missing }, 'images are converted with less confinement than there could be');
  const room = await openRoom(places.images, { reserveBytes });
  const images = imageCache({ dir: places.images, api, log, room, ...cache });
  const disks = await openRoom(places.guests, { reserveBytes });
  const parts = {
    settings,
    places,
    images,
    room: disks,
    api,
    abilities,
    log,
    guests: new Map(),
    inOrder: turns(),
    changed,
  };
  const host: QemuHost = { ...parts, watch: (guest, running) => watch(host, guest, running) };
  return host;
}

/** Its process runs on, and is found by whoever comes next. */
function letGo(guest: Guest): void {
  const { running } = guest;
  guest.running = null;
  running?.qmp.close();
}

async function stopGuest(host: QemuHost, guest: Guest, graceMs: number): Promise<void> {
  await findRunning(host, guest);
  await stop(host, guest, { soft: true, graceMs });
}

async function removeGuest(host: QemuHost, id: string): Promise<void> {
  const { guests, places } = host;
  const guest = guests.get(id);
  if (guest) {
    await findRunning(host, guest).catch(() => {});
    await stop(host, guest, { soft: false, graceMs: 0 }).catch(() => {});
    const process = await findProcess(places.guest(id), id, guest.record.uid); // one that no longer answers
    if (process) await kill(process);
    for (const tap of guest.record.taps) await ensureTapGone(tap);
  }
  await rm(places.guest(id), { recursive: true, force: true });
  if (guests.delete(id)) host.changed();
}

const tidyEveryMs = 3_600_000;
const tidied = new WeakMap<QemuHost, number>();

/** Consoles and the image cache stay within their bounds; looked at along with each report. */
async function keepBounds(host: QemuHost): Promise<void> {
  const { guests, places, settings, images } = host;
  for (const { record } of guests.values())
    await trimConsole(record.uid, places.of(record.id, within.console), settings.consoleLogBytes);
  if (Date.now() - (tidied.get(host) ?? 0) < tidyEveryMs) return;
  tidied.set(host, Date.now());
  await images.tidy();
}

/** True where there is a state to find: for those who come to stop or remove what runs. */
export const hasState = (stateDir: string): Promise<boolean> =>
  stat(join(stateDir, 'guests')).then(
    () => true,
    () => false,
  );
