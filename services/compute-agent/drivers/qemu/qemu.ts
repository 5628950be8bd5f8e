/** The QEMU driver, over QMP. Guests keep running when the agent ends, and the next agent finds them. */

import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { notFound } from '#shared/errors/fault.ts';
import { openRoom } from '#shared/files/room.ts';
import type { Log } from '#shared/log/log.ts';
import { missingConfinement } from '#shared/process/confined.ts';
import type { Hypervisor } from '../hypervisor.ts';
import { factsOf } from '../machine.ts';
import { notRunning } from '../refusals.ts';
import { ensureDiskBackup } from './backup.ts';
import { readTail, trimConsole } from './console.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { setPassword } from './guest-agent.ts';
import type { Guest, QemuHost, QemuSettings } from './host.ts';
import { type CacheOptions, type ImageApi, imageCache } from './images.ts';
import { guestPaths, statePathsIn } from './paths.ts';
import { findRunning, stop } from './power.ts';
import { probe } from './probe.ts';
import { findProcess, kill } from './processes.ts';
import { faultOnFullDisk } from './qemu-img.ts';
import { reconcileGuest } from './reconcile.ts';
import { eachOf, recoverGuests } from './recover.ts';
import { uploadSnapshot } from './snapshot.ts';
import { ensureTapGone } from './taps.ts';
import { fetchGuest } from './transfer/fetch.ts';
import { offerGuest } from './transfer/offer.ts';
import { receiveGuest } from './transfer/receive.ts';
import { controlSending, sendGuest } from './transfer/send.ts';
import { openTransfers } from './transfer/serve.ts';
import { watch } from './watch.ts';

interface QemuOptions {
  readonly stateDir: string;
  readonly settings: QemuSettings;
  readonly cache: Pick<CacheOptions, 'maxBytes' | 'maxAgeMs'>;
  /** Disk space to leave free; default 0. */
  readonly reserveBytes?: number;
  readonly api: ImageApi;
  readonly log: Log;
  readonly onChange: () => void;
}

export async function qemuHypervisor(options: QemuOptions): Promise<Hypervisor> {
  const host = await openHost(options);
  const { guests, queue, places } = host;
  const closing = new AbortController();
  let recovering: Promise<void> = Promise.resolve();
  const guestOf = (id: string): Guest => {
    const guest = guests.get(id);
    if (!guest) throw notFound('Instance', id);
    return guest;
  };
  return {
    ensureGuest: (spec, replaced) =>
      queue(spec.id, () => faultOnFullDisk('the guest', reconcileGuest(host, spec, replaced))),
    ensureGuestGone: ({ id }) => {
      const sending = guests.get(id)?.sending;
      if (sending) sending.aborted = true; // a guest that is removed is not sent any more
      return queue(id, () => removeGuest(host, id));
    },
    uploadSnapshot: (spec) => uploadSnapshot(host, spec),
    ensureDiskBackup: (spec) =>
      queue(spec.serverId, () => faultOnFullDisk('the backup of the disks', ensureDiskBackup(host, spec))),
    offerGuest: (spec) => queue(spec.serverId, () => offerGuest(host, spec)),
    receiveGuest: (spec) => queue(spec.serverId, () => faultOnFullDisk('the guest', receiveGuest(host, spec))),
    sendGuest: (spec) => queue(spec.serverId, () => sendGuest(host, spec)),
    controlSending: (id, what) => controlSending(guestOf(id), what),
    fetchGuest: (spec) => queue(spec.serverId, () => faultOnFullDisk('the guest', fetchGuest(host, spec))),
    recover: async (ownerState) => {
      recovering = (await recoverGuests(host, ownerState, closing.signal)).rest;
    },
    facts: async () => {
      await limitDiskUse(host);
      const { accelerator, version } = host.capabilities;
      return { ...(await factsOf(places.root)), hypervisor: { type: 'QEMU', version }, accelerator };
    },
    guests: () =>
      [...guests.values()].map(({ record: { id, reason }, lastPower }) => ({ id, power: lastPower, reason })),
    consoleLog: (id, length) => readTail(guestOf(id).record.uid, places.of(id, guestPaths.console), length),
    diagnostics: (id) => queue(id, () => diagnosticsOf(guestOf(id))),
    injectNmi: (id) =>
      queue(id, async () => {
        const { running } = guestOf(id);
        if (!running) throw notRunning(id);
        await running.qmp.execute('inject-nmi');
      }),
    setPassword: (id, user, password) => queue(id, () => setPassword(host, guestOf(id), user, password)),
    vncSocket: async (id) => {
      const { running, record } = guestOf(id);
      if (!running) throw notFound('Console of instance', id);
      return { path: places.of(id, guestPaths.vnc), owner: record.uid };
    },
    close: async () => {
      closing.abort();
      await recovering;
      await host.door.close();
      for (const guest of guests.values()) disconnect(guest);
    },
    stopGuests: (graceMs) =>
      eachOf([...guests.values()], 8, (guest) => queue(guest.record.id, () => stopGuest(host, guest, graceMs))),
    removeGuests: async () => {
      await eachOf([...guests.keys()], 8, (id) => queue(id, () => removeGuest(host, id)));
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
  onChange,
}: QemuOptions): Promise<QemuHost> {
  const places = statePathsIn(stateDir);
  for (const dir of [places.root, places.guests, places.images]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
  }
  for (const name of await readdir(places.images)) {
    if (name.startsWith('work-')) await rm(join(places.images, name), { recursive: true, force: true });
  }
  const { qemu, virtType, uids } = settings;
  const refusalFile = join(places.root, 'kvm-refusal.json');
  const capabilities = await probe({ qemu, virtType, uid: uids?.first ?? null, refusalFile });
  log.info({ ...capabilities }, 'probed QEMU');
  const missing = await missingConfinement();
  if (missing.length > 0) log.warn({ missing }, 'image conversion runs without some confinement');
  const room = await openRoom(places.images, { reserveBytes });
  const images = imageCache({ dir: places.images, api, log, room, ...cache });
  const disks = await openRoom(places.guests, { reserveBytes });
  const parts = {
    settings,
    places,
    images,
    room: disks,
    api,
    capabilities,
    log,
    guests: new Map(),
    queue: keyedQueue(),
    onChange,
  };
  const host: QemuHost = {
    ...parts,
    door: openTransfers(settings.listen, () => host),
    watch: (guest, running) => watch(host, guest, running),
  };
  return host;
}

/** The process keeps running; the next agent finds it. */
function disconnect(guest: Guest): void {
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
    const process = await findProcess(places.guest(id), id, guest.record.uid); // one that does not answer over QMP
    if (process) await kill(process);
    for (const tap of guest.record.taps) await ensureTapGone(tap);
  }
  await rm(places.guest(id), { recursive: true, force: true });
  if (guests.delete(id)) host.onChange();
}

const evictionIntervalMs = 3_600_000;
const lastEviction = new WeakMap<QemuHost, number>();

/** Trims console logs and the image cache; called with each report. */
async function limitDiskUse(host: QemuHost): Promise<void> {
  const { guests, places, settings, images } = host;
  for (const { record } of guests.values())
    await trimConsole(record.uid, places.of(record.id, guestPaths.console), settings.consoleLogBytes);
  if (Date.now() - (lastEviction.get(host) ?? 0) < evictionIntervalMs) return;
  lastEviction.set(host, Date.now());
  await images.evictUnused();
}

/** Returns true when the directory holds the state of an agent. */
export const hasState = (stateDir: string): Promise<boolean> =>
  stat(join(stateDir, 'guests')).then(
    () => true,
    () => false,
  );
