/** Quarantine: corrupt data is moved to a directory of its own; the other replicas then find it missing and restore it. */
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Disk, hashDirectory } from '../drivers/device.ts';
import { ensureDirectorySync, ignoreMissing } from '../drivers/disk.ts';
import type { ObjectContext } from './announce.ts';

export function quarantine(context: ObjectContext, disk: Disk, partition: number, hash: string, error: Error): void {
  context.log.error({ device: disk.name, hash, error }, 'a corrupt object was quarantined');
  const aside = join(disk.root, 'quarantined', 'objects', `${hash}-${Date.now()}`);
  try {
    ensureDirectorySync(disk.root, dirname(aside));
    renameSync(hashDirectory(disk, 'object', partition, hash), aside);
  } catch (missing) {
    ignoreMissing(missing);
  }
  context.hashes.touch(disk.name, partition, hash);
}
