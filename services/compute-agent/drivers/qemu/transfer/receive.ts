/** The destination of a live migration: a process that waits for the memory of a guest, and runs it as soon as it has all. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestReceive, ReceivedGuest } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { keyOf } from '../devices.ts';
import { type Guest, type QemuHost, saveRecord } from '../host.ts';
import { findRunning, setRunning, start } from '../power.ts';
import type { Qmp } from '../qmp.ts';
import { newGuest, reconcileGuest } from '../reconcile.ts';
import { ensureTap } from '../taps.ts';
import { reportPower } from '../watch.ts';
import { fetchFile, isWanted } from './fetch.ts';
import { channelPaths } from './tunnel.ts';

/** Must run in the queue of the guest. Repeated, it says whether the guest has arrived. */
export async function receiveGuest(host: QemuHost, spec: GuestReceive): Promise<ReceivedGuest> {
  const { serverId, transfer } = spec;
  const guest = host.guests.get(serverId) ?? (await newGuest(host, spec.guest));
  await findRunning(host, guest);
  const { arrival } = guest.record;
  if (arrival?.transferId !== transfer.id) await prepare(host, guest, spec);
  else if (arrival.state === 'waiting' && !guest.running) throw lost(serverId);
  const arrived = guest.record.arrival?.state === 'arrived';
  return { address: await host.door.address(), arrived };
}

const lost = (id: string) =>
  new Fault(500, 'unexpected', `Instance ${id} was not received: its process on the other host has ended.`);

async function prepare(
  host: QemuHost,
  guest: Guest,
  { transfer, from, guest: spec, copies }: GuestReceive,
): Promise<void> {
  if (guest.running) throw new Fault(409, 'conflict', `Guest ${spec.id} runs on this host already.`);
  await saveRecord(host, guest, { slots: from.slots });
  for (const { name, bytes } of from.files)
    if (isWanted(name)) await fetchFile(host, guest, { name, bytes, address: from.address, transfer });
  await reconcileGuest(host, { ...spec, power: 'off' });
  if (guest.record.machine.accelerator !== spec.machine?.accelerator || guest.record.machine.type !== spec.machine.type)
    throw new Fault(
      409,
      'conflict',
      'The machine of the guest cannot run on the other host: it has another accelerator.',
    );
  const taps = spec.nics.flatMap(({ tap, bridge }) => (bridge === null ? [] : [tap]));
  const arrival = { transferId: transfer.id, state: 'waiting', copies: copies.map(keyOf) } as const;
  await saveRecord(host, guest, { spec, power: spec.power, taps, transfer, arrival });
  for (const nic of spec.nics)
    if (nic.bridge !== null) await ensureTap({ ...nic, bridge: nic.bridge }, guest.record.uid);
  await start(host, guest, true);
  const { running } = host.guests.get(spec.id) ?? guest;
  if (running) await listen(running.qmp, arrival.copies);
  awaitArrival(host, guest);
}

async function listen(qmp: Qmp, copies: readonly string[]): Promise<void> {
  const capabilities = ['events', 'late-block-activate', 'return-path'];
  await qmp.execute('migrate-set-capabilities', {
    capabilities: capabilities.map((capability) => ({ capability, state: true })),
  });
  if (copies.length > 0) {
    await qmp.execute('nbd-server-start', { addr: { type: 'unix', data: { path: channelPaths.disks.in } } });
    for (const key of copies)
      await qmp.execute('block-export-add', {
        type: 'nbd',
        id: `copy-${key}`,
        'node-name': key,
        name: key,
        writable: true,
      });
  }
  await qmp.execute('migrate-incoming', { uri: `unix:${channelPaths.memory.in}` });
}

const pollMs = 20;

/** In the background, also by the agent that comes after a crash. Ends with the process. */
export function awaitArrival(host: QemuHost, guest: Guest): void {
  const { running } = guest;
  const { arrival } = guest.record;
  if (!running || arrival?.state !== 'waiting') return;
  void finish(host, guest, running.qmp, arrival.copies.length > 0).catch((error: unknown) =>
    host.log.warn({ serverId: guest.record.id, error }, 'a guest did not arrive'),
  );
}

/** The disks are this process's own before its processors run. */
async function finish(host: QemuHost, guest: Guest, qmp: Qmp, hasCopies: boolean): Promise<void> {
  for (;;) {
    const { status } = await qmp.execute<{ status: string }>('query-status');
    if (status !== 'inmigrate') break;
    await sleep(pollMs);
  }
  if (hasCopies) await qmp.execute('nbd-server-stop');
  const { arrival, power } = guest.record;
  if (arrival) await saveRecord(host, guest, { arrival: { ...arrival, state: 'arrived' }, transfer: null });
  const now = power === 'on' || power === 'paused' ? await setRunning(guest, power) : 'off';
  host.log.info({ serverId: guest.record.id }, 'a guest has arrived');
  reportPower(host, guest, now);
}
