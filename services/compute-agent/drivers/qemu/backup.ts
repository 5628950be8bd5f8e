/** Copies of a guest's local disks on the same host: a resize that is reverted restores them. */
import { constants, copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskBackup, isLocal } from '#shared/contracts/compute-agent.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { renameDurably, syncDirectory } from '#shared/files/whole.ts';
import { keyOf } from './devices.ts';
import { chownTo } from './disks.ts';
import type { Guest, QemuHost } from './host.ts';
import { guestPaths } from './paths.ts';
import { findRunning } from './power.ts';

/** Must run in the queue of the guest, which is off unless the backup is removed. */
export async function ensureDiskBackup(host: QemuHost, { serverId, mark, state }: DiskBackup): Promise<void> {
  const guest = host.guests.get(serverId);
  if (!guest && state === 'gone') return;
  if (!guest) throw notFound('Instance', serverId);
  const folder = host.places.of(serverId, `backup-${mark}`);
  if (state === 'gone') return rm(folder, { recursive: true, force: true });
  await findRunning(host, guest);
  if (guest.running) throw conflict(`Guest ${serverId} is running: its disks cannot be copied.`);
  await (state === 'kept' ? keep(host, guest, folder, mark) : restore(host, guest, folder));
}

const filesIn = (folder: string): Promise<string[] | null> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/** The folder has its name when all copies are complete. */
async function keep({ places, room }: QemuHost, { record }: Guest, folder: string, mark: string): Promise<void> {
  if (await filesIn(folder)) return;
  const partial = places.of(record.id, `partial-backup-${mark}`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  const names = new Set(record.spec.disks.filter(isLocal).map(({ id }) => guestPaths.disk(keyOf(id))));
  for (const name of await readdir(places.guest(record.id))) {
    if (!names.has(name)) continue;
    await copyWhole(room, places.of(record.id, name), join(partial, name));
  }
  await syncDirectory(partial);
  await renameDurably(partial, folder);
}

async function copyWhole(room: QemuHost['room'], from: string, to: string): Promise<void> {
  const source = await open(from, 'r');
  const { blocks } = await source.stat().finally(() => source.close());
  const reserved = await room.reserve(blocks * 512);
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    const file = await open(to, 'r+');
    await file.sync().finally(() => file.close());
  } finally {
    reserved.release();
  }
}

/** Each disk is replaced by one rename, so a restore that was interrupted goes on with the others. */
async function restore({ places }: QemuHost, { record }: Guest, folder: string): Promise<void> {
  const names = await filesIn(folder);
  if (!names) return;
  for (const name of names) {
    await chownTo(record.uid, join(folder, name));
    await rename(join(folder, name), places.of(record.id, name));
  }
  await syncDirectory(places.guest(record.id));
  await rm(folder, { recursive: true, force: true });
}
