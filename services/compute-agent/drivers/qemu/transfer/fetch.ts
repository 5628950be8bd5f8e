/** The destination of a cold move: fetches the files of a guest from its source, and creates the guest powered off. */
import { createWriteStream } from 'node:fs';
import { chmod, open, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { GuestFetch, Transfer } from '#shared/contracts/compute-agent.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { chownTo, makeFileFor } from '../disks.ts';
import { type Guest, type QemuHost, saveRecord } from '../host.ts';
import { checkOverlay } from '../qemu-img.ts';
import { newGuest, reconcileGuest } from '../reconcile.ts';
import { knock, readLine } from './door.ts';

/** Must run in the queue of the guest. A file that is complete is not fetched again. */
export async function fetchGuest(host: QemuHost, { serverId, transfer, from, guest: spec }: GuestFetch): Promise<void> {
  const guest = host.guests.get(serverId) ?? (await newGuest(host, spec));
  if (guest.running) throw conflict(`Guest ${serverId} runs on this host already.`);
  await saveRecord(host, guest, { slots: from.slots });
  for (const { name, bytes } of from.files) {
    if (isWanted(name)) await fetchFile(host, guest, { name, bytes, address: from.address, transfer });
  }
  await reconcileGuest(host, { ...spec, power: 'off' });
}

/** The names come from another host: no path among them. */
export const isWanted = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(qcow2|raw|iso)$/.test(name);

interface Fetched {
  readonly name: string;
  readonly bytes: number;
  readonly address: string;
  readonly transfer: Transfer;
}

/** Unless it is there. */
export async function fetchFile(
  host: QemuHost,
  { record }: Guest,
  { name, bytes, address, transfer }: Fetched,
): Promise<void> {
  const path = host.places.of(record.id, name);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const partial = `${path}.new`;
  const isDisk = !name.startsWith('base-');
  const reserved = await host.room.reserve(bytes);
  try {
    await makeFileFor(isDisk ? record.uid : null, partial);
    await receive({ name, bytes, address, transfer }, partial);
  } finally {
    reserved.release();
  }
  if (name.endsWith('.qcow2')) await checkOverlay(partial);
  if (isDisk) await chownTo(record.uid, partial);
  else await chmod(partial, 0o444);
  await renameDurably(partial, path);
}

async function receive({ name, bytes, address, transfer }: Fetched, partial: string): Promise<void> {
  const socket = await knock(address, transfer, JSON.stringify({ file: name }));
  try {
    const size = Number(await readLine(socket));
    if (size !== bytes) throw new Fault(409, 'conflict', `${name} has ${size} bytes, and ${bytes} were offered.`);
    await pipeline(socket, createWriteStream(partial, { flags: 'r+' }));
    const file = await open(partial, 'r+');
    const { size: received } = await file.stat();
    await file.sync().finally(() => file.close());
    if (received !== bytes) throw new Error(`only ${received} of ${bytes} bytes of ${name} came`);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    socket.destroy();
  }
}
