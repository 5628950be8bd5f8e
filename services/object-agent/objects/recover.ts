/** Recovery of a device after a crash: interrupted writes and, after a power cut, updates that containers have lost. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { placeAt } from '../context.ts';
import { type Disk, everythingOn, namesIn, type Place } from '../drivers/device.ts';
import { unlink, writeFileSafely } from '../drivers/disk.ts';
import { CorruptObject } from '../drivers/trailer.ts';
import { allReplicas, announceEntry, entryOf, goneEntry, type ObjectContext } from './announce.ts';
import { amended, filesIn, readTrailer } from './store.ts';

/** Deletes partial temporary files; objects whose rename had succeeded are announced again. */
export async function recoverTemporaries(context: ObjectContext, disk: Disk): Promise<void> {
  for (const name of namesIn(join(disk.root, 'tmp'))) {
    const file = join(disk.root, 'tmp', name);
    await announceFinished(context, disk, file);
    rmSync(file, { force: true });
  }
}

async function announceFinished(context: ObjectContext, disk: Disk, file: string): Promise<void> {
  try {
    await announceState(context, placeAt(context, disk, 'object', readTrailer(file).path));
  } catch (error) {
    if (!(error instanceof CorruptObject)) throw error; // the upload was not finished, and never confirmed
  }
}

/** Announces an object again. */
export async function announceState(
  context: ObjectContext,
  { disk, directory }: Place,
  replicas = allReplicas(context),
): Promise<void> {
  const { data, meta, gone } = filesIn(directory);
  const last = data ? `${data}.data` : `${gone}.ts`;
  if (!existsSync(join(directory, last))) return;
  const trailer = readTrailer(join(directory, last));
  const more = meta ? readTrailer(join(directory, `${meta}.meta`)) : undefined;
  const whole = more ? { ...trailer, headers: amended(trailer.headers, more.headers) } : trailer;
  const entry = data ? entryOf(whole, meta) : goneEntry(trailer.path, trailer.timestamp);
  await announceEntry(context, disk, trailer.path, entry, replicas);
}

const bootIdFile = '/proc/sys/kernel/random/boot_id';

/**
 * Containers write entries without waiting for the disk: a killed process loses none, a power cut may. So after a restart
 * of the machine every object is announced again.
 */
export async function recoverFromPowerCut(context: ObjectContext, disk: Disk): Promise<void> {
  const bootId = existsSync(bootIdFile) ? readFileSync(bootIdFile, 'utf8') : '';
  const mark = join(disk.root, 'boot');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === bootId) return;
  for (const place of everythingOn(disk, ['object']))
    await announceState(context, place).catch((error: unknown) =>
      context.log.warn({ device: disk.name, hash: place.hash, error }, 'an object was not announced'),
    );
  await unlink(mark);
  await unlink(await writeFileSafely(disk.root, mark, Buffer.from(bootId)));
}
