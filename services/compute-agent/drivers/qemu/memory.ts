/**
 * Suspends a guest to the host's disk: QEMU sends its memory over a socket in the guest's folder, as for a migration, and the
 * agent keeps it in a file. The process ends only after the file is safe, and the file is removed after another process has
 * read it all and before that process runs: while there is a file, the disks are as they were when it was written.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#shared/errors/fault.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';
import { chownTo } from './disks.ts';
import type { Guest, QemuHost } from './host.ts';
import { guestPaths } from './paths.ts';
import { faultOnFullDisk } from './qemu-img.ts';
import type { Qmp } from './qmp.ts';

const pathsOf = ({ places }: QemuHost, { record: { id } }: Guest) => ({
  saved: places.of(id, guestPaths.memory),
  partial: places.of(id, `${guestPaths.memory}.new`),
  socket: places.of(id, guestPaths.memorySocket),
});

export const hasSavedMemory = (host: QemuHost, guest: Guest): Promise<boolean> =>
  stat(pathsOf(host, guest).saved).then(
    () => true,
    () => false,
  );

export async function dropSavedMemory(host: QemuHost, guest: Guest): Promise<void> {
  const { saved, partial } = pathsOf(host, guest);
  for (const file of [saved, partial]) await rm(file, { force: true });
}

const statusOf = async (qmp: Qmp) => (await qmp.execute<{ status: string }>('query-status')).status;

/** Afterwards the process may end. Idempotent: a process that has sent its memory is found as such. */
export async function saveMemory(host: QemuHost, guest: Guest): Promise<void> {
  const qmp = guest.running?.qmp;
  if (!qmp) return;
  if ((await statusOf(qmp)) === 'postmigrate' && (await hasSavedMemory(host, guest))) return;
  const { saved, partial } = pathsOf(host, guest);
  await dropSavedMemory(host, guest); // of an earlier time
  await qmp.execute('stop');
  await ensureNoMigration(qmp);
  await faultOnFullDisk('the memory of the guest', receive(host, guest, qmp, partial)).catch(async (error) => {
    await rm(partial, { force: true });
    await ensureNoMigration(qmp).catch(() => {});
    throw error;
  });
  await renameDurably(partial, saved);
}

async function receive(host: QemuHost, guest: Guest, qmp: Qmp, partial: string): Promise<void> {
  const server = await listenForGuest(host, guest);
  try {
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await qmp.execute('migrate', { uri: `unix:${guestPaths.memorySocket}` });
    const [socket] = await connected;
    const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
    await host.room.within((signal) => pipeline(socket, file, { signal }));
    await migrationEnds(qmp);
  } finally {
    server.close();
    await rm(pathsOf(host, guest).socket, { force: true });
  }
}

async function listenForGuest(host: QemuHost, guest: Guest): Promise<Server> {
  const { socket } = pathsOf(host, guest);
  await rm(socket, { force: true });
  const server = createServer();
  server.listen(socket);
  await once(server, 'listening');
  await chownTo(guest.record.uid, socket);
  return server;
}

interface Migration {
  readonly status?: string;
  readonly 'error-desc'?: string;
}
const pollMs = 50;

async function migrationEnds(qmp: Qmp): Promise<void> {
  for (;;) {
    const { status = 'none', 'error-desc': problem = status } = await qmp.execute<Migration>('query-migrate');
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled' || status === 'none')
      throw new Fault(500, 'unexpected', 'The memory of the guest could not be saved.', { details: problem });
    await sleep(pollMs);
  }
}

/** Cancels what an agent that crashed left under way. */
async function ensureNoMigration(qmp: Qmp): Promise<void> {
  for (;;) {
    const { status = 'none' } = await qmp.execute<Migration>('query-migrate');
    if (['none', 'completed', 'failed', 'cancelled'].includes(status)) return;
    await qmp.execute('migrate_cancel');
    await sleep(pollMs);
  }
}

/** Into a process that was started with `-incoming defer`. */
export async function restoreMemory(host: QemuHost, guest: Guest): Promise<void> {
  const qmp = guest.running?.qmp;
  if (!qmp) return;
  const { saved, socket: path } = pathsOf(host, guest);
  await rm(path, { force: true });
  await qmp.execute('migrate-incoming', { uri: `unix:${guestPaths.memorySocket}` });
  const socket = await connectUnix(path, guest.record.uid ?? undefined);
  await pipeline(createReadStream(saved), socket);
  while ((await statusOf(qmp)) === 'inmigrate') await sleep(pollMs);
  await dropSavedMemory(host, guest);
  await rm(path, { force: true });
}
