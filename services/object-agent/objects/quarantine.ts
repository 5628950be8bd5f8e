/** Quarantine: corrupt data is moved to a directory of its own; the other replicas then find it missing and restore it. */
import { type Disk, quarantineFiles } from '../drivers/device.ts';
import type { ObjectContext } from './announce.ts';

export function quarantine(context: ObjectContext, disk: Disk, partition: number, hash: string, error: Error): void {
  context.log.error({ device: disk.name, hash, error }, 'a corrupt object was quarantined');
  quarantineFiles(disk, 'object', partition, hash);
  context.hashes.touch(disk.name, partition, hash);
}
