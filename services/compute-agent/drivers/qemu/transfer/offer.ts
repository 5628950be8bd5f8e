/** The source of a cold move: serves the files of a guest that is off to the host that has the key of the transfer. */
import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { type GuestOffer, isLocal, type OfferedGuest } from '#shared/contracts/compute-agent.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { keyOf } from '../devices.ts';
import { type Guest, type QemuHost, saveRecord } from '../host.ts';
import { guestPaths } from '../paths.ts';
import { findRunning } from '../power.ts';

/** Must run in the queue of the guest. The offer is in the record, so that the next agent serves it too. */
export async function offerGuest(host: QemuHost, { serverId, transfer, live }: GuestOffer): Promise<OfferedGuest> {
  const guest = host.guests.get(serverId);
  if (!guest) throw notFound('Instance', serverId);
  await findRunning(host, guest);
  if (guest.running && !live) throw conflict(`Guest ${serverId} is running: only a guest that is off can be fetched.`);
  await saveRecord(host, guest, { transfer });
  const names = await filesOf(host, guest);
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: await sizeOf(host, guest, name) })));
  return { address: await host.door.address(), slots: guest.record.slots, files };
}

/** Its base images and its config drive; while it is off its local disks too. */
async function filesOf({ places }: QemuHost, { record, running }: Guest): Promise<string[]> {
  const disks = record.spec.disks.filter(isLocal).map(({ id }) => guestPaths.disk(keyOf(id)));
  const bases = Object.values(record.bases).map(({ imageId, format }) => guestPaths.base(imageId, format));
  const wanted = new Set([...(running ? [] : disks), ...bases, guestPaths.configDrive]);
  return (await readdir(places.guest(record.id))).filter((name) => wanted.has(name));
}

async function sizeOf({ places }: QemuHost, { record }: Guest, name: string): Promise<number> {
  const file = await open(places.of(record.id, name), 'r');
  return (await file.stat().finally(() => file.close())).size;
}

/** Sends one file of the offer: a line with its size, then its bytes. */
export async function sendFile(host: QemuHost, guest: Guest, name: string, socket: TLSSocket): Promise<void> {
  if (!(await filesOf(host, guest)).includes(name)) throw new Error(`${name} is not offered`);
  const file = await open(host.places.of(guest.record.id, name), 'r');
  const { size } = await file.stat();
  if (!socket.write(`${size}\n`)) await once(socket, 'drain');
  await pipeline(file.createReadStream(), socket);
}
